import { setTimeout as sleep } from 'node:timers/promises';

export interface EventuallyOptions {
  readonly deadlineMs?: number;
  readonly everyMs?: number;
  readonly what?: string;
}

/**
 * Repeats `attempt` until it neither throws nor gives false or undefined, and returns what it gave.
 * @throws with the last error as cause when the deadline (25 s unless told) passes
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  options: EventuallyOptions = {},
): Promise<Exclude<T, false | undefined>> {
  const deadlineMs = options.deadlineMs ?? 25_000;
  const until = performance.now() + deadlineMs;
  for (;;) {
    let last: unknown;
    try {
      const value = await attempt();
      if (value !== false && value !== undefined) return value as Exclude<T, false | undefined>;
      last = new Error(`still ${value}`);
    } catch (error) {
      last = error;
    }
    if (performance.now() >= until) {
      const why = last instanceof Error ? last.message : String(last);
      throw new Error(`${options.what ?? 'it'} did not come about in ${deadlineMs} ms: ${why}`, {
        cause: last,
      });
    }
    await sleep(options.everyMs ?? 25);
  }
}
