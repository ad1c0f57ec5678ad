import CircuitBreaker from 'opossum';
import type { Metrics } from './metrics.ts';

export interface BreakerOptions {
  readonly name: string;
  readonly timeoutMs: number;
  readonly resetMs?: number;
  readonly errorThresholdPercentage?: number;
  readonly volumeThreshold?: number;
  /** True for answers that say "no" but show that the other side is well. */
  readonly isHealthyError?: (error: unknown) => boolean;
}

/** Wraps a call to something outside: time-out, and no calls for a while after it kept failing. State is a metric. */
export function withBreaker<Args extends unknown[], Result>(
  metrics: Metrics,
  options: BreakerOptions,
  call: (...args: Args) => Promise<Result>,
): (...args: Args) => Promise<Result> {
  const breaker = new CircuitBreaker(call, {
    name: options.name,
    timeout: options.timeoutMs,
    resetTimeout: options.resetMs ?? 10_000,
    errorThresholdPercentage: options.errorThresholdPercentage ?? 50,
    volumeThreshold: options.volumeThreshold ?? 5,
    ...(options.isHealthyError ? { errorFilter: options.isHealthyError } : {}),
  });
  const gauge = metrics.breakerOpen.labels(options.name);
  gauge.set(0);
  breaker.on('open', () => gauge.set(1));
  breaker.on('halfOpen', () => gauge.set(0.5));
  breaker.on('close', () => gauge.set(0));
  return (...args) => breaker.fire(...args);
}
