import type { Client, LiveEvent } from '@decent-cloud/client';

const DEADLINE_MS = 90_000;

export interface Events {
  /** The first event from now on that is wanted. @throws Error when none comes in time, or the stream breaks */
  next(isWanted: (event: LiveEvent) => boolean): Promise<LiveEvent>;
  stop(): Promise<void>;
}

/** Opens the live stream of a key and stands by until it is open. */
export async function watchEvents(client: Client): Promise<Events> {
  const abort = new AbortController();
  const waiting = new Set<{ take: (event: LiveEvent) => boolean; fail: (error: unknown) => void }>();
  const opened = Promise.withResolvers<void>();
  const fail = (error: unknown): void => {
    opened.reject(error);
    for (const waiter of waiting) waiter.fail(error);
    waiting.clear();
  };
  const reading = (async () => {
    const stream = client.subscribe({
      signal: abort.signal,
      onConnect: () => opened.resolve(),
      onBreak: (error) => fail(error),
    });
    for await (const event of stream) {
      for (const waiter of waiting) if (waiter.take(event)) waiting.delete(waiter);
    }
  })().catch((error: unknown) => {
    if (!abort.signal.aborted) fail(error);
  });
  await opened.promise;
  return {
    next: (isWanted) =>
      new Promise((resolve, reject) => {
        const waiter = {
          take: (event: LiveEvent): boolean => {
            if (!isWanted(event)) return false;
            clearTimeout(late);
            resolve(event);
            return true;
          },
          fail: (error: unknown) => {
            clearTimeout(late);
            reject(error);
          },
        };
        const late = setTimeout(() => {
          waiting.delete(waiter);
          reject(new Error(`no such event in ${DEADLINE_MS} ms`));
        }, DEADLINE_MS);
        waiting.add(waiter);
      }),
    stop: async () => {
      abort.abort();
      await reading;
    },
  };
}
