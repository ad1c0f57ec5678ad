import { type Clock, NS_PER_MS, nsToMs, systemClock } from '@decent-cloud/kernel';
import { ApiError } from './api-error.ts';
import type { PlainRequest } from './build-request.ts';
import { readError } from './read-answer.ts';
import { rootCauseOf } from './root-cause.ts';
import type { Signer } from './signer.ts';

export interface TransportOptions {
  /** `https://api.decent-cloud.org`; a path in it goes before that of the endpoint. */
  readonly baseUrl: string;
  /** Absent: only endpoints for everybody can be called. */
  readonly signer?: Signer | undefined;
  readonly fetch?: typeof fetch;
  /** A longer `Retry-After` is not waited for. By default 60 s. */
  readonly longestWaitMs?: number;
  readonly now?: Clock;
  readonly random?: () => number;
  /** Waits; rejects when the signal aborts. */
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/** Everything that calls and live streams share. */
export interface Transport {
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly random: () => number;
  readonly nowMs: () => number;
  readonly longestWaitMs: number;
  /** Where requests go to, as people know it. */
  readonly baseUrl: string;
  /** Signs and sends once; learns the platform's clock from a refused stamp and sends once more then. */
  send(request: PlainRequest, options: SendOptions): Promise<Response>;
}
export interface SendOptions {
  readonly signed: boolean;
  readonly headers?: Record<string, string>;
  readonly signal: AbortSignal;
}

const sleepFor = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });

/** Says less than its message: a proxy that does not let through, for one. */
const ABORTED = 'UND_ERR_ABORTED';

export function createTransport(options: TransportOptions): Transport {
  const base = new URL(options.baseUrl);
  const basePath = base.pathname.replace(/\/$/, '');
  const now = options.now ?? systemClock;
  const doFetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  const nowMs = (): number => nsToMs(now());
  /** What to add to the own clock to get that of the platform. */
  let clockOffsetNs = 0n;

  const sendOnce = async (request: PlainRequest, { signed, headers, signal }: SendOptions) => {
    const path = basePath + request.path;
    const signature = signed
      ? await options.signer?.sign({
          method: request.method,
          host: base.host,
          path,
          query: request.query,
          body: request.body,
          timestampNs: now() + clockOffsetNs,
          nonce: globalThis.crypto.randomUUID(),
        })
      : {};
    return await doFetch(`${base.origin}${path}${request.query && `?${request.query}`}`, {
      method: request.method,
      headers: {
        ...(request.contentType && { 'content-type': request.contentType }),
        ...request.headers,
        ...headers,
        ...signature,
      },
      ...(request.contentType && { body: request.body }),
      redirect: 'error',
      signal,
    });
  };

  return {
    sleep: options.sleep ?? sleepFor,
    random: options.random ?? Math.random,
    nowMs,
    longestWaitMs: options.longestWaitMs ?? 60_000,
    baseUrl: options.baseUrl,
    async send(request, sendOptions) {
      if (sendOptions.signed && !options.signer) {
        throw new ApiError({ status: 0, reason: 'NO_KEY', message: 'this call must be signed: give a key' });
      }
      const response = await sendOnce(request, sendOptions);
      const serverMs = Date.parse(response.headers.get('date') ?? '');
      if (response.status !== 401 || !sendOptions.signed || Number.isNaN(serverMs)) return response;
      const refusal = readError(response, await response.clone().text(), nowMs());
      if (refusal.reason !== 'SIGNATURE_EXPIRED') return response;
      clockOffsetNs = BigInt(serverMs - nowMs()) * NS_PER_MS;
      return await sendOnce(request, sendOptions);
    },
  };
}

/** What a failed attempt was: an aborted call keeps its reason, everything else becomes an ApiError. */
export function asApiError(error: unknown, timedOut: boolean, { baseUrl }: Transport): ApiError {
  if (error instanceof ApiError) return error;
  if (timedOut) {
    const message = `no answer in time from ${baseUrl}`;
    return new ApiError({ status: 0, reason: 'TIMEOUT', message }, { cause: error });
  }
  const { code, message: said } = rootCauseOf((error as Error)?.cause);
  const why = typeof code === 'string' && code !== ABORTED ? code : said;
  const message = `the platform cannot be reached at ${baseUrl}${why ? ` (${why})` : ''}`;
  return new ApiError({ status: 0, reason: 'NETWORK', message }, { cause: error });
}
