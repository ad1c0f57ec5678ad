import type { Ambient } from '../../provider-agent/src/ambient.ts';
import { type Kernel, MS, type Node } from './kernel.ts';

/** Timers and chance of a program that runs on this node: its timers end with its crash. */
export function ambientOf(kernel: Kernel, node: Node): Ambient {
  const after = (ms: number, doing: string, work: () => void) => kernel.later(node, ms * MS, doing, work);
  return {
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      if (!signal) return kernel.sleep(node, ms * MS);
      await Promise.race([kernel.sleep(node, ms * MS), aborted(signal)]);
    },
    after: (ms, work) => after(ms, 'provider-agent timer', work),
    every: (ms, work) => {
      const doing = `provider-agent timer of ${ms / 1_000} s`;
      const again = () => {
        callOff = after(ms, doing, again);
        work();
      };
      let callOff = after(ms, doing, again);
      return () => callOff();
    },
    monotonicMs: () => kernel.now / MS,
    random: () => kernel.random.next(),
    newId: () => kernel.random.uuid(),
  };
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
