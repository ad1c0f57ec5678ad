import { setTimeout as wait } from 'node:timers/promises';
import { uuidV7 } from '@decent-cloud/kernel';

/** Calls a timer off. */
export type CallOff = () => void;

/** What the agent's work takes from outside besides clock, disk, link and backend: timers and chance. */
export interface Ambient {
  /** @throws when the signal is aborted */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  after(ms: number, work: () => void): CallOff;
  every(ms: number, work: () => void): CallOff;
  /** Milliseconds from some beginning, by a clock that nobody sets. */
  monotonicMs(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** An id that nothing else has; later ones are larger. */
  newId(nowNs: bigint): string;
}

/** Those of this process. */
export const systemAmbient: Ambient = {
  sleep: (ms, signal) => wait(ms, undefined, signal ? { signal } : {}),
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
  every: (ms, work) => {
    const timer = setInterval(work, ms);
    return () => clearInterval(timer);
  },
  monotonicMs: () => performance.now(),
  random: Math.random,
  newId: uuidV7,
};
