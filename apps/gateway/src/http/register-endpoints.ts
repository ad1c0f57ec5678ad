import { Refusal } from '@decent-cloud/kernel';
import { type BusRequest, type Caller, type EndpointDeclaration, ownerOf } from '@decent-cloud/messages';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Authenticator } from '../auth/authenticator.ts';
import type { RawRequest } from '../auth/signed-request.ts';
import type { LocalEndpoint } from './local-endpoint.ts';
import { hasNul, readBody } from './read-body.ts';
import { readIdempotencyKey } from './request-checks.ts';
import { fastifyPath } from './route-table.ts';
import type { ServiceCaller } from './service-caller.ts';
import { ServiceRefusal } from './service-refusal.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly declaration?: EndpointDeclaration;
  }
  interface FastifyRequest {
    caller?: Caller;
  }
}

export interface RouteParts {
  readonly endpoints: Readonly<Record<string, EndpointDeclaration>>;
  /** Endpoints that the gateway answers itself, by subject. */
  readonly local: ReadonlyMap<string, LocalEndpoint>;
  readonly authenticator: Authenticator;
  readonly services: ServiceCaller;
  readonly bodyLimitBytes: number;
  /** Runs the work of a request: log and trace carry its ids. */
  readonly inScope: <T>(request: FastifyRequest, work: () => Promise<T>) => Promise<T>;
  readonly onAuthenticated: (
    caller: Caller,
    declaration: EndpointDeclaration,
    request: FastifyRequest,
  ) => void;
  readonly onRefusedSignature: (request: FastifyRequest) => void;
  /** A secret was wrong that the endpoint says to be guessable. */
  readonly onWrongGuess: (request: FastifyRequest) => void;
  /** A service has changed something. */
  readonly onChanged: (service: string, caller: Caller) => void;
}

const NO_BODY = Buffer.alloc(0);

/**
 * Makes a route of every declaration, aliases too. Bodies stay bytes until the signature has been checked.
 * @throws Error when a local endpoint has no function
 */
export function registerEndpoints(scope: FastifyInstance, parts: RouteParts): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  for (const declaration of Object.values(parts.endpoints)) {
    const local = parts.local.get(declaration.subject);
    if (declaration.local && !local)
      throw new Error(`${declaration.subject} is local, but nothing answers it`);
    const handle = handlerOf(declaration, local, parts);
    for (const path of [declaration.path, ...(declaration.aliases ?? [])]) {
      scope.route({
        method: declaration.method,
        url: fastifyPath(path),
        bodyLimit: declaration.bodyLimitBytes ?? parts.bodyLimitBytes,
        exposeHeadRoute: declaration.method === 'GET' && declaration.form !== 'text/event-stream',
        config: { declaration },
        handler: (request, reply) => parts.inScope(request, () => handle(request, reply)),
      });
    }
  }
}

function handlerOf(
  declaration: EndpointDeclaration,
  local: LocalEndpoint | undefined,
  parts: RouteParts,
): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> {
  const writeAnswer = writerOf(declaration);
  const readHeaders = headersOf(declaration);
  return async (request, reply) => {
    const raw = rawOf(request);
    const params = request.params as Record<string, string>;
    const query = firstOf(request.query as Record<string, unknown>);
    const call = { requestId: request.id, raw, query, request, reply };
    let caller: Caller;
    try {
      caller = local?.authenticate
        ? await local.authenticate(call)
        : await parts.authenticator.authenticate(declaration, raw, { params });
    } catch (error) {
      parts.onRefusedSignature(request);
      throw error;
    }
    request.caller = caller;
    parts.onAuthenticated(caller, declaration, request);
    if (local) {
      const text = await local.answer({ ...call, caller });
      return text === undefined ? reply : writeAnswer(reply, text);
    }
    const message = messageOf(declaration, request, raw, caller, readHeaders);
    if (declaration.idempotent) reply.header('idempotency-key', message.idempotencyKey);
    const text = await parts.services.call(declaration, message).catch((error: unknown) => {
      if (isWrongGuess(declaration, error)) parts.onWrongGuess(request);
      throw error;
    });
    if (declaration.method !== 'GET') parts.onChanged(ownerOf(declaration.subject), caller);
    return writeAnswer(reply, text);
  };
}

const isWrongGuess = ({ wrongGuess }: EndpointDeclaration, error: unknown): boolean =>
  wrongGuess !== undefined && error instanceof ServiceRefusal && error.refusal.reason === wrongGuess;

function rawOf(request: FastifyRequest): RawRequest {
  const url = request.raw.url ?? '/';
  const mark = url.indexOf('?');
  return {
    method: request.method,
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    host: request.headers.host,
    headers: request.headers,
    body: (request.body as Buffer | undefined) ?? NO_BODY,
  };
}

function messageOf(
  declaration: EndpointDeclaration,
  request: FastifyRequest,
  raw: RawRequest,
  caller: Caller,
  readHeaders: HeaderReader | undefined,
): BusRequest {
  // Whoever gave none is told this one: when no answer comes, it can be asked with.
  const idempotencyKey =
    readIdempotencyKey(request.headers['idempotency-key']) ??
    (declaration.idempotent ? globalThis.crypto.randomUUID() : undefined);
  const { params, query } = request;
  if (hasNul(params) || hasNul(query)) {
    throw new Refusal('INVALID', 'INVALID_INPUT', 'failed to parse path: U+0000 is not allowed');
  }
  const body = readBody(declaration, request.headers['content-type'], raw.body);
  return {
    caller,
    requestId: request.id,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(declaration.params && { params }),
    ...(declaration.query && { query }),
    ...(readHeaders && { headers: readHeaders(request) }),
    ...(declaration.body && { body }),
  };
}

type HeaderReader = (request: FastifyRequest) => Record<string, unknown>;

/** Those that the declaration names and that are there; all others stay here. */
function headersOf({ headers }: EndpointDeclaration): HeaderReader | undefined {
  if (!headers) return undefined;
  const names = Object.keys((headers as unknown as z.ZodObject).shape);
  return (request) =>
    Object.fromEntries(
      names.flatMap((name) =>
        request.headers[name] === undefined ? [] : [[name, request.headers[name]] as const],
      ),
    );
}

function firstOf(query: Record<string, unknown>): (name: string) => string | undefined {
  return (name) => {
    const value: unknown = Object.hasOwn(query, name) ? query[name] : undefined;
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return typeof first === 'string' ? first : undefined;
  };
}

/** Puts the data, as the service printed it, into the form that the endpoint has; JSON is not parsed on the way. */
function writerOf(declaration: EndpointDeclaration): (reply: FastifyReply, data: string) => FastifyReply {
  const form = declaration.form ?? 'envelope';
  const json = 'application/json; charset=utf-8';
  const withoutData = (declaration.answer as unknown as z.ZodType)._zod.def.type === 'undefined';
  switch (form) {
    case 'envelope':
      return (reply, data) =>
        reply.type(json).send(withoutData ? '{"success":true}' : `{"success":true,"data":${data}}`);
    case 'plain':
      return (reply, data) => reply.type(json).send(data);
    case 'application/pdf':
      return (reply, data) => reply.type(form).send(Buffer.from(textOf(declaration, data), 'base64'));
    case 'text/event-stream':
      return (_reply, _data) => {
        throw new Error(`${declaration.subject} must take over its reply`);
      };
    default:
      return (reply, data) =>
        reply.type(`${form}; charset=utf-8`).send(declaration.local ? data : textOf(declaration, data));
  }
}

function textOf(declaration: EndpointDeclaration, data: string): string {
  const text: unknown = JSON.parse(data);
  if (typeof text === 'string') return text;
  throw new Error(`${declaration.subject} answered no text`);
}
