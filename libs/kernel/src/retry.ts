/** Waits between deliveries of a message that failed: longer in sum than any restart. */
export const REDELIVERY_DELAYS_MS = [1_000, 5_000, 30_000, 120_000, 600_000] as const;

/**
 * How long to wait before delivery `attempt + 1` (attempts count from 1), or null when the message is to be dead-lettered.
 */
export function redeliveryDelayMs(attempt: number): number | null {
  return REDELIVERY_DELAYS_MS[attempt - 1] ?? null;
}

/** Full-jitter exponential back-off (AWS architecture blog): uniform in [0, min(cap, base * 2^attempt)]. */
export function jitteredBackoffMs(
  attempt: number,
  random: () => number,
  baseMs = 200,
  capMs = 10_000,
): number {
  return Math.floor(random() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30)));
}
