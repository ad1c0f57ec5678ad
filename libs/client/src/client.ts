import { jitteredBackoffMs } from '@decent-cloud/kernel';
import type { Answer, CallInput, EndpointDeclaration } from '@decent-cloud/messages/wire';
import { ApiError } from './api-error.ts';
import { buildRequest, type PlainRequest } from './build-request.ts';
import { readAnswer } from './read-answer.ts';
import { type LiveEvent, type SubscribeOptions, subscribeTo } from './subscribe.ts';
import { asApiError, createTransport, type TransportOptions } from './transport.ts';

export interface ClientOptions extends TransportOptions {
  /** For one attempt, reading the answer included. By default 15 s. */
  readonly timeoutMs?: number;
  /** Further attempts after transient failures of calls that may be repeated. By default 2. */
  readonly retries?: number;
}

export interface CallOptions {
  /** Makes a writing call safe to repeat: the same key is done once. `crypto.randomUUID()` is a good one. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** Signs a call that everybody may make. */
  readonly sign?: boolean;
}

type CallArguments<D extends EndpointDeclaration> =
  Record<string, never> extends CallInput<D>
    ? [input?: CallInput<D>, options?: CallOptions]
    : [input: CallInput<D>, options?: CallOptions];

export interface Client {
  readonly publicKey: string | undefined;
  /**
   * Calls an endpoint by its declaration. Answers are parsed exactly: int64 members are bigint.
   * @throws ApiError when refused, not answered in time, or answered in an unknown shape.
   */
  call<D extends EndpointDeclaration>(declaration: D, ...rest: CallArguments<D>): Promise<Answer<D>>;
  /** Live changes until the signal aborts; comes back after breaks where it was. @throws ApiError when refused. */
  subscribe(options?: SubscribeOptions): AsyncGenerator<LiveEvent, void, void>;
}

/** A client of the API for browser, command line and agent. */
export function createClient(options: ClientOptions): Client {
  const transport = createTransport(options);
  const retries = options.retries ?? 2;

  const attempt = async (
    declaration: EndpointDeclaration,
    request: PlainRequest,
    call: CallOptions,
  ): Promise<unknown> => {
    const deadline = AbortSignal.timeout(call.timeoutMs ?? options.timeoutMs ?? 15_000);
    const signed =
      call.sign === true ||
      (declaration.auth === 'optional' ? !!options.signer : declaration.auth !== 'public');
    try {
      const response = await transport.send(request, {
        signed,
        ...(call.idempotencyKey !== undefined && { headers: { 'idempotency-key': call.idempotencyKey } }),
        signal: call.signal ? AbortSignal.any([call.signal, deadline]) : deadline,
      });
      return await readAnswer(declaration, response, transport.nowMs());
    } catch (error) {
      call.signal?.throwIfAborted();
      throw asApiError(error, deadline.aborted, transport);
    }
  };

  return {
    publicKey: options.signer?.publicKey,
    subscribe: (subscribeOptions = {}) => subscribeTo(transport, subscribeOptions),
    async call<D extends EndpointDeclaration>(declaration: D, ...rest: CallArguments<D>): Promise<Answer<D>> {
      const [input, call = {}] = rest;
      const request = buildRequest(declaration, input ?? {});
      const repeatable = declaration.method === 'GET' || call.idempotencyKey !== undefined;
      for (let failures = 0; ; failures++) {
        try {
          return (await attempt(declaration, request, call)) as Answer<D>;
        } catch (error) {
          const again = error instanceof ApiError && error.passing && repeatable && failures < retries;
          if (!again || (error.retryAfterMs ?? 0) > transport.longestWaitMs) throw error;
          const backoffMs = jitteredBackoffMs(failures, transport.random);
          await transport.sleep((error.retryAfterMs ?? 0) + backoffMs, call.signal);
        }
      }
    },
  };
}
