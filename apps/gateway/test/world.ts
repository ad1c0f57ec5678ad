import { randomUUID } from 'node:crypto';
import { type Agent, request as httpRequest } from 'node:http';
import { Writable } from 'node:stream';
import { createSigner, generateKeyPair, type KeyPair } from '@decent-cloud/identity';
import { type Clock, parseExactJson, printExactJson, Refusal } from '@decent-cloud/kernel';
import { type BusRequest, type EndpointDeclaration, endpoint, streams } from '@decent-cloud/messages';
import * as platform from '@decent-cloud/messages/gateway';
import { namesOfKeys, resolveDelegation, resolveKey } from '@decent-cloud/messages/requests';
import { int64 } from '@decent-cloud/messages/wire';
import { answerRequests, serviceKeysFor, startTestNats, type TestNats } from '@decent-cloud/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { pino } from 'pino';
import { z } from 'zod';
import { type RunningGateway, startGateway } from '../src/start-gateway.ts';

const pubkeyParams = z.object({ pubkey: z.string() });
const note = z.object({ text: z.string(), amount: int64().optional() });
const declare = (
  method: EndpointDeclaration['method'],
  path: string,
  verb: string,
  more: Partial<EndpointDeclaration> & Pick<EndpointDeclaration, 'auth'>,
): EndpointDeclaration =>
  endpoint({
    method,
    path: `/api/v1${path}`,
    subject: `req.contracts.v1.${verb}`,
    summary: verb,
    tags: ['notes'],
    answer: z.unknown(),
    ...more,
  });

/** One endpoint of every kind, owned by a service that the specs play. */
export const notes = {
  open: declare('GET', '/notes', 'open', {
    auth: 'public',
    query: z.object({ q: z.string().optional() }),
    aliases: ['/api/v1/old-notes'],
  }),
  create: declare('POST', '/notes', 'create', { auth: 'signed', body: note, idempotent: true }),
  get: declare('GET', '/notes/{name}', 'get', { auth: 'optional', params: z.object({ name: z.string() }) }),
  me: declare('GET', '/notes/me', 'me', { auth: 'signed', query: z.object({ q: z.string().optional() }) }),
  remove: declare('DELETE', '/notes/{name}', 'remove', {
    auth: 'signed',
    params: z.object({ name: z.string() }),
    body: z.object({ confirm: z.string() }).optional(),
    answer: z.undefined(),
  }),
  own: declare('GET', '/users/{pubkey}/notes', 'own', { auth: 'self', params: pubkeyParams }),
  beat: declare('POST', '/agents/beat', 'beat', {
    auth: 'agent',
    permission: 'heartbeat',
    body: z.object({}).optional(),
  }),
  ownBeat: declare('POST', '/providers/{pubkey}/beat', 'own-beat', {
    auth: 'agent',
    permission: 'heartbeat',
    params: pubkeyParams,
    body: z.object({}).optional(),
  }),
  shared: declare('PUT', '/shared', 'shared', {
    auth: 'provider-or-agent',
    body: z.object({}).optional(),
  }),
  admin: declare('GET', '/admin/notes', 'admin', { auth: 'admin' }),
  csv: declare('GET', '/notes.csv', 'csv', { auth: 'public', form: 'text/csv', answer: z.string() }),
  plain: declare('GET', '/plain', 'plain', { auth: 'public', form: 'plain' }),
  hook: declare('POST', '/hook', 'hook', {
    auth: 'public',
    form: 'plain',
    headers: z.object({ 'x-api-user': z.string().optional(), 'x-api-key': z.string().optional() }),
    body: z.unknown(),
    rateTier: 'relaxed',
    wrongGuess: 'API_KEY_INVALID',
    bareRefusals: { UNAVAILABLE: 500, PRECONDITION: 500 },
  }),
  importText: declare('POST', '/import', 'import', {
    auth: 'public',
    bodyType: 'text',
    body: z.string(),
    bodyLimitBytes: 2_048,
  }),
  silent: declare('GET', '/silent', 'silent', { auth: 'public', rateTier: 'none' }),
  silentWrite: declare('PUT', '/silent', 'silent-write', { auth: 'public', rateTier: 'none' }),
  silentOnce: declare('POST', '/silent', 'silent-once', {
    auth: 'public',
    rateTier: 'none',
    idempotent: true,
  }),
  doubtful: declare('POST', '/doubtful', 'doubtful', {
    auth: 'public',
    rateTier: 'none',
    idempotent: true,
    body: z.unknown(),
  }),
  broken: declare('GET', '/broken', 'broken', { auth: 'public' }),
  gone: { ...declare('GET', '/gone', 'gone', { auth: 'public' }), subject: 'req.payments.v1.gone' },
  strict: declare('POST', '/strict', 'strict', { auth: 'public', rateTier: 'strict' }),
  platformHealth: platform.getHealth,
  platformStatus: platform.getStatus,
  events: platform.openEvents,
  ticket: platform.createEventTicket,
  openapi: platform.getOpenapi,
  swagger: platform.getSwagger,
} as const;

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Exactly parsed, when it is JSON. */
  readonly json: { success?: boolean; error?: string; code?: string; data?: unknown; requestId?: string };
}

export interface SendOptions {
  readonly method?: string;
  /** With query. */
  readonly path: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Record<string, string>;
  /** Signs the request. */
  readonly as?: KeyPair;
  readonly agent?: boolean;
  readonly version?: 1 | 2;
  readonly host?: string;
  readonly timestampNs?: bigint;
  readonly nonce?: string;
  /** Instead of a connection of its own. */
  readonly connections?: Agent;
}

export const nowNs = (): bigint => BigInt(Date.now()) * 1_000_000n;

/** Headers of a rightly signed request. */
export function sign(port: number, options: SendOptions): Record<string, string> {
  const [path = '', query = ''] = options.path.split('?');
  const signer = createSigner(options.as as KeyPair, {
    version: options.version ?? 1,
    agent: options.agent ?? false,
  });
  return signer.sign({
    method: options.method ?? 'GET',
    host: options.host ?? `127.0.0.1:${port}`,
    path,
    query,
    body: typeof options.body === 'string' ? Buffer.from(options.body) : (options.body ?? new Uint8Array()),
    timestampNs: options.timestampNs ?? nowNs(),
    nonce: options.nonce ?? randomUUID(),
  });
}

/** Sends exactly what it is told to: fetch would repair or refuse half of it. */
export function send(port: number, options: SendOptions): Promise<Answered> {
  const signed = options.as ? sign(port, options) : {};
  const headers: Record<string, string> = {
    ...(options.body !== undefined && { 'content-type': 'application/json' }),
    ...(options.body !== undefined && { 'content-length': String(Buffer.byteLength(options.body)) }),
    ...signed,
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port,
        method: options.method ?? 'GET',
        path: options.path,
        headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== '')),
        agent: options.connections ?? false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const all = new Headers();
          for (const [name, value] of Object.entries(response.headers)) all.set(name, String(value));
          const isJson = all.get('content-type')?.startsWith('application/json') && text !== '';
          resolve({
            status: response.statusCode ?? 0,
            headers: all,
            text,
            json: (isJson ? parseExactJson(text) : {}) as Answered['json'],
          });
        });
      },
    );
    request.on('error', reject);
    request.end(options.body);
  });
}

/** Accounts that the specs play: owners by public key. */
export interface PlayedAccounts {
  readonly owners: Map<
    string,
    {
      status: 'active' | 'disabled' | 'unknown';
      accountId?: string | undefined;
      isAdmin?: boolean | undefined;
    }
  >;
  readonly delegations: Map<string, { providerPublicKey: string; permissions: string[] }>;
}

export class World {
  readonly gateways: RunningGateway[] = [];
  readonly logLines: string[] = [];
  readonly owners: PlayedAccounts['owners'] = new Map();
  readonly delegations: PlayedAccounts['delegations'] = new Map();
  /** Which provider the path of an agent's request named, newest last. */
  readonly namedProviders: (string | undefined)[] = [];
  /** What reached the played service, newest last. */
  readonly received: BusRequest[] = [];
  keyQuestions = 0;

  private constructor(
    readonly nats: TestNats,
    readonly bus: NatsConnection,
  ) {}

  static async start(): Promise<World> {
    const nats = await startTestNats();
    const world = new World(
      nats,
      await connect({ servers: nats.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 }),
    );
    await world.makeFacts();
    world.playAccounts();
    world.playNotes();
    return world;
  }

  /** The stream of facts, as the services make it. */
  async makeFacts(): Promise<void> {
    const manager = await jetstreamManager(this.bus);
    await manager.streams.add({ name: streams.FACTS.name, subjects: [...streams.FACTS.subjects] });
  }

  async gateway(
    env: Record<string, string> = {},
    endpoints: Record<string, EndpointDeclaration> = notes,
    clock?: Clock,
  ) {
    const logger = pino(
      { level: 'info', serializers: { error: pino.stdSerializers.errWithCause } },
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          this.logLines.push(chunk.toString());
          done();
        },
      }),
    );
    const gateway = await startGateway({
      env: {
        NATS_URL: this.nats.url,
        SERVICE_KEYS: serviceKeysFor('gateway'),
        ENVIRONMENT: 'test',
        PORT: '0',
        HOST: '127.0.0.1',
        OPS_PORT: '0',
        SERVICE_TIMEOUT_MS: '400',
        ...env,
      },
      endpoints,
      ...(clock && { clock }),
      handleSignals: false,
      logger,
    });
    this.gateways.push(gateway);
    return gateway;
  }

  /** Log lines of level error or worse. */
  errorLines(): string[] {
    return this.logLines.filter((line) => (JSON.parse(line) as { level: number }).level >= 50);
  }

  async stop(): Promise<void> {
    for (const gateway of this.gateways) await gateway.stop();
    await this.bus.close();
    await this.nats.stop();
  }

  private playAccounts(): void {
    answerRequests(this.bus, resolveKey, ({ body }) => {
      this.keyQuestions++;
      return this.owners.get(body.publicKey) ?? { status: 'unknown' as const };
    });
    answerRequests(this.bus, namesOfKeys, ({ body }) => ({
      names: Object.fromEntries(body.publicKeys.map((key) => [key, 'bob'])),
    }));
    answerRequests(this.bus, resolveDelegation, ({ body }) => {
      this.namedProviders.push(body.namedProvider);
      const found = this.delegations.get(body.agentPublicKey);
      return found
        ? { active: true, ...found, permissions: found.permissions as 'provision'[] }
        : { active: false, permissions: [] };
    });
  }

  /** Gives back what came in; some verbs answer in their own way. */
  private playNotes(): void {
    this.bus.subscribe('req.contracts.v1.*', {
      callback: (_error, message) => {
        const verb = message.subject.split('.')[3];
        // Asked after time and health: these notes have neither.
        if (message.data.length === 0) return;
        const request = parseExactJson(message.string()) as BusRequest;
        this.received.push(request);
        if (verb?.startsWith('silent')) return;
        const refused = request.body as { refuse?: [Refusal['code'], Refusal['reason'], string] } | undefined;
        if (refused?.refuse) {
          message.respond(printExactJson({ refusal: new Refusal(...refused.refuse) }));
        } else if (verb === 'broken') {
          message.respond(printExactJson({ fault: { requestId: request.requestId } }));
        } else if (verb === 'csv') message.respond(printExactJson({ data: 'a,b\n1,2\n' }));
        else if (verb === 'remove') message.respond('{"data":null}');
        else message.respond(printExactJson({ data: { verb, ...request } }));
      },
    });
  }
}

export const keyPair = (): KeyPair => generateKeyPair();
