import { randomBytes } from 'node:crypto';
import { parseExactJson, printExactJson, Refusal, type RefusalJson } from '@decent-cloud/kernel';
import {
  type Answer,
  type BusRequest,
  type Caller,
  type CallInput,
  ownerOf,
  type RequestDeclaration,
} from '@decent-cloud/messages';
import { errors, type NatsConnection } from '@nats-io/transport-node';
import type { z } from 'zod';
import type { ServiceKeys } from './service-keys.ts';
import { signRequest } from './signed-request.ts';
import { tracedHeaders } from './trace.ts';

/** What comes back on the bus: `{"data":…}` or `{"refusal":…}`; a fault of the service has neither and says `fault`. */
export interface BusReply {
  readonly data?: unknown;
  readonly refusal?: RefusalJson;
  readonly fault?: { readonly requestId: string };
}

export interface RequestOptions {
  readonly caller: Caller;
  readonly requestId: string;
  readonly idempotencyKey?: string;
  /** How long it may take; 5 s by default. Past it nothing begins any more. */
  readonly timeoutMs?: number;
}

export const DEFAULT_REQUEST_TIMEOUT_MS = 5_000;

/** A service answered that it failed: a bug there, logged there under the same request id. */
export class ServiceFaultError extends Error {
  override readonly name = 'ServiceFaultError';
  constructor(
    readonly subject: string,
    readonly requestId: string,
  ) {
    super(`${subject} failed (request ${requestId})`);
  }
}

const encoder = new TextEncoder();
/** So much longer than it says does an asker wait: an answer that was given in time is on its way. */
const ON_THE_WAY_MS = 250;

/** Asks services in the name of one service, signed. */
export class Asker {
  private readonly process: string;

  constructor(
    readonly connection: NatsConnection,
    readonly service: string,
    private readonly keys: ServiceKeys,
  ) {
    this.process = `${service}/${randomBytes(6).toString('hex')}`;
  }

  /**
   * Asks a service and gives back the text of its reply. Never repeats: the caller decides what a lost answer means.
   * @throws Refusal UNAVAILABLE when nobody answers in time: SERVICE_UNAVAILABLE when it is certain that nothing was done,
   * else OUTCOME_UNKNOWN: it has not been begun and never will be, or it was begun in time and may be done.
   */
  async text(subject: string, message: BusRequest, waitMs = DEFAULT_REQUEST_TIMEOUT_MS): Promise<string> {
    const owner = ownerOf(subject);
    const key = this.keys.asks.get(owner);
    if (!key)
      throw new Error(`${this.service} has no key to ask ${owner}: no declaration names it in askedBy`);
    const payload = encoder.encode(printExactJson(message));
    const head = { process: this.process, sentMs: performance.now(), waitMs };
    const signed = signRequest(key, head, subject, payload);
    try {
      const reply = await this.connection.request(subject, payload, {
        timeout: waitMs + ON_THE_WAY_MS,
        headers: tracedHeaders(signed),
      });
      return reply.string();
    } catch (error) {
      if (isWithoutListener(error)) {
        const text = `The ${owner} service does not answer`;
        throw new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', text, { cause: error });
      }
      if (!isWithoutAnswer(error)) throw error;
      const text = `The ${owner} service has not answered in time`;
      throw new Refusal('UNAVAILABLE', 'OUTCOME_UNKNOWN', text, { cause: error });
    }
  }

  /**
   * Asks a service by declaration; both sides parse.
   * @throws Refusal as the service refused, or UNAVAILABLE; ServiceFaultError when the service failed.
   */
  async ask<const D extends RequestDeclaration>(
    declaration: D,
    input: CallInput<D>,
    options: RequestOptions,
  ): Promise<Answer<D>> {
    const text = await this.text(
      declaration.subject,
      {
        ...(input as object),
        caller: options.caller,
        requestId: options.requestId,
        ...(options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey }),
      },
      options.timeoutMs,
    );
    return readReply(declaration, text);
  }
}

/**
 * The answer that a reply brings.
 * @throws Refusal as the service refused; ServiceFaultError when the service failed.
 */
export function readReply<D extends RequestDeclaration>(declaration: D, text: string): Answer<D> {
  const reply = parseExactJson(text) as BusReply;
  if (reply.refusal) throw Refusal.fromJSON(reply.refusal);
  if (reply.fault) throw new ServiceFaultError(declaration.subject, reply.fault.requestId);
  const schema = declaration.answer as unknown as z.ZodType;
  // JSON cannot say undefined: an answer without data travels as null.
  const data = schema.def.type === 'undefined' ? undefined : reply.data;
  return schema.parse(data) as Answer<D>;
}

function isWithoutAnswer(error: unknown): boolean {
  return (
    error instanceof errors.TimeoutError ||
    error instanceof errors.ClosedConnectionError ||
    error instanceof errors.DrainingConnectionError ||
    (error instanceof errors.RequestError && !(error.cause instanceof errors.PermissionViolationError))
  );
}

function isWithoutListener(error: unknown): boolean {
  return (
    error instanceof errors.NoRespondersError ||
    (error instanceof errors.RequestError && error.isNoResponders())
  );
}
