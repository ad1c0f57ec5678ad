import { jitteredBackoffMs, parseExactJson } from '@decent-cloud/kernel';
import { ApiError } from './api-error.ts';
import { EventStreamParser } from './event-stream.ts';
import { readError } from './read-answer.ts';
import { asApiError, type Transport } from './transport.ts';

/** A change, as the platform pushes it. */
export interface LiveEvent {
  readonly id: string | undefined;
  readonly event: string;
  /** Exactly parsed JSON, or the text when it is none. */
  readonly data: unknown;
}

export interface SubscribeOptions {
  /** By default the caller's own events. */
  readonly path?: string;
  /** Go on after this event. */
  readonly lastEventId?: string;
  readonly signal?: AbortSignal;
  /** Reconnects after so long without a byte; the platform sends a keep-alive every 30 s at the latest. By default 60 s. */
  readonly idleTimeoutMs?: number;
  /** Called whenever the stream stands, also again. */
  readonly onConnect?: () => void;
  /** Called when it broke and will be tried again. */
  readonly onBreak?: (error: ApiError) => void;
}

const readData = (data: string): unknown => {
  try {
    return parseExactJson(data);
  } catch (error) {
    if (error instanceof SyntaxError) return data;
    throw error;
  }
};

/** Aborts when nothing has stirred for so long, or when the caller does. Rests while nobody waits for the stream. */
function watchdog(idleTimeoutMs: number, outer: AbortSignal | undefined) {
  const idle = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stir = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => idle.abort(new Error('the stream is silent')), idleTimeoutMs);
  };
  return {
    signal: outer ? AbortSignal.any([outer, idle.signal]) : idle.signal,
    expired: () => idle.signal.aborted,
    stir,
    stop: () => clearTimeout(timer),
  };
}

/** Signed server-sent events over fetch: resumes with Last-Event-ID, backs off, ends when refused or aborted. */
export async function* subscribeTo(
  transport: Transport,
  options: SubscribeOptions,
): AsyncGenerator<LiveEvent, void, void> {
  const [path = '', query = ''] = (options.path ?? '/api/v1/events').split('?');
  let lastId = options.lastEventId;
  let retryMs: number | undefined;
  let failures = 0;
  while (!options.signal?.aborted) {
    const dog = watchdog(options.idleTimeoutMs ?? 60_000, options.signal);
    let broken: ApiError;
    try {
      dog.stir();
      const response = await transport.send(
        { method: 'GET', path, query, body: new Uint8Array() },
        {
          signed: true,
          headers: { accept: 'text/event-stream', ...(lastId && { 'last-event-id': lastId }) },
          signal: dog.signal,
        },
      );
      if (!response.ok || !response.body) throw readError(response, await response.text(), transport.nowMs());
      options.onConnect?.();
      const parser = new EventStreamParser();
      parser.lastId = lastId;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      const next = async () => {
        dog.stir();
        const piece = await reader.read();
        dog.stop();
        return piece;
      };
      try {
        for (let piece = await next(); !piece.done; piece = await next()) {
          for (const one of parser.push(piece.value)) {
            // Only what was handed over counts as seen.
            lastId = one.id;
            failures = 0;
            yield { ...one, data: readData(one.data) };
          }
          lastId = parser.lastId;
          retryMs = parser.retryMs ?? retryMs;
        }
      } finally {
        dog.stop();
        // A broken stream refuses to be cancelled with the error that is on its way already.
        await reader.cancel().catch(() => undefined);
      }
      broken = new ApiError({ status: 0, reason: 'NETWORK', message: 'the stream ended' });
    } catch (error) {
      if (options.signal?.aborted) return;
      broken = asApiError(error, dog.expired(), transport);
      if (!broken.passing) throw broken;
    } finally {
      dog.stop();
    }
    options.onBreak?.(broken);
    const waitMs = (broken.retryAfterMs ?? retryMs ?? 0) + jitteredBackoffMs(failures, transport.random);
    failures++;
    try {
      await transport.sleep(waitMs, options.signal);
    } catch (error) {
      if (options.signal?.aborted) return;
      throw error;
    }
  }
}
