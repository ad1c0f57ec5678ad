import { parseExactJson, printExactJson, Refusal, type RefusalJson } from '@decent-cloud/kernel';
import type { Answer, BusRequest, Caller, CallInput, RequestDeclaration } from '@decent-cloud/messages';
import { errors, type NatsConnection } from '@nats-io/transport-node';
import type { z } from 'zod';
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

/**
 * Asks a service and gives back the text of its reply. Never repeats: the caller decides what a lost answer means.
 * @throws Refusal UNAVAILABLE when nobody answers in time.
 */
export async function requestText(
  connection: NatsConnection,
  subject: string,
  message: BusRequest,
  timeoutMs = DEFAULT_REQUEST_TIMEOUT_MS,
): Promise<string> {
  try {
    const reply = await connection.request(subject, encoder.encode(printExactJson(message)), {
      timeout: timeoutMs,
      headers: tracedHeaders(),
    });
    return reply.string();
  } catch (error) {
    if (isNobodyThere(error)) {
      const service = subject.split('.')[1];
      throw new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', `The ${service} service does not answer`, {
        cause: error,
      });
    }
    throw error;
  }
}

/**
 * Asks a service by declaration; both sides parse.
 * @throws Refusal as the service refused, or UNAVAILABLE; ServiceFaultError when the service failed.
 */
export async function requestAnswer<const D extends RequestDeclaration>(
  connection: NatsConnection,
  declaration: D,
  input: CallInput<D>,
  options: RequestOptions,
): Promise<Answer<D>> {
  const text = await requestText(
    connection,
    declaration.subject,
    {
      ...(input as object),
      caller: options.caller,
      requestId: options.requestId,
      ...(options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey }),
    },
    options.timeoutMs,
  );
  const reply = parseExactJson(text) as BusReply;
  if (reply.refusal) throw Refusal.fromJSON(reply.refusal);
  if (reply.fault) throw new ServiceFaultError(declaration.subject, reply.fault.requestId);
  const schema = declaration.answer as unknown as z.ZodType;
  // JSON cannot say undefined: an answer without data travels as null.
  const data = schema.def.type === 'undefined' ? undefined : reply.data;
  return schema.parse(data) as Answer<D>;
}

function isNobodyThere(error: unknown): boolean {
  return (
    error instanceof errors.TimeoutError ||
    error instanceof errors.NoRespondersError ||
    error instanceof errors.ClosedConnectionError ||
    error instanceof errors.DrainingConnectionError ||
    (error instanceof errors.RequestError && error.isNoResponders())
  );
}
