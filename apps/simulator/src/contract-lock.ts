import { Future } from './future.ts';
import { type Process, until } from './kernel.ts';

/** Work on one contract is done in the order in which it came. */
export class ContractLock {
  private readonly tails = new Map<string, Future<void>>();

  *run<T>(contractId: string, work: () => Process<T>): Process<T> {
    const before = this.tails.get(contractId);
    const tail = new Future<void>();
    this.tails.set(contractId, tail);
    try {
      if (before) yield* until(before);
      return yield* work();
    } finally {
      if (this.tails.get(contractId) === tail) this.tails.delete(contractId);
      tail.resolve();
    }
  }
}

/** So many at once; the others wait for their turn. */
export class Slots {
  private readonly queue: Future<void>[] = [];

  constructor(private free: number) {}

  *run<T>(work: () => Process<T>): Process<T> {
    if (this.free > 0) this.free--;
    else {
      const turn = new Future<void>();
      this.queue.push(turn);
      yield* until(turn);
    }
    try {
      return yield* work();
    } finally {
      const next = this.queue.shift();
      if (next) next.resolve();
      else this.free++;
    }
  }
}
