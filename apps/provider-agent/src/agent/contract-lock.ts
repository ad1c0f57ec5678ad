/** Work on one contract is done in the order in which it came; different contracts do not wait for each other. */
export class ContractLock {
  private readonly tails = new Map<string, Promise<void>>();

  run<T>(contractId: string, work: () => Promise<T>): Promise<T> {
    const before = this.tails.get(contractId) ?? Promise.resolve();
    const result = before.then(work);
    const tail = result.then(
      () => undefined,
      () => undefined,
    );
    this.tails.set(contractId, tail);
    void tail.then(() => {
      if (this.tails.get(contractId) === tail) this.tails.delete(contractId);
    });
    return result;
  }

  /** Returns when nothing is being worked on. */
  async idle(): Promise<void> {
    while (this.tails.size > 0) await Promise.all(this.tails.values());
  }
}

interface Waiting {
  readonly begin: () => void;
  readonly turnAway: (reason: unknown) => void;
}

/** At most so many at once; those that wait can be called off. */
export class Slots {
  private free: number;
  private readonly queue: Waiting[] = [];
  private closedBy: Error | undefined;

  constructor(count: number) {
    this.free = count;
  }

  /** From now on nothing begins: what waits is turned away, and what comes. What runs, runs on. */
  close(reason: Error): void {
    this.closedBy = reason;
    for (const { turnAway } of this.queue.splice(0)) turnAway(reason);
  }

  /** @throws the reason when the signal is aborted, or the slots are closed, before the work has begun */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.enter(signal);
    try {
      return await work();
    } finally {
      const next = this.queue.shift();
      if (next) next.begin();
      else this.free++;
    }
  }

  private async enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.closedBy) throw this.closedBy;
    if (this.free > 0) {
      this.free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const waiting: Waiting = {
        begin: () => {
          signal.removeEventListener('abort', callOff);
          resolve();
        },
        turnAway: (reason) => {
          signal.removeEventListener('abort', callOff);
          reject(reason);
        },
      };
      const callOff = (): void => {
        this.queue.splice(this.queue.indexOf(waiting), 1);
        reject(signal.reason);
      };
      this.queue.push(waiting);
      signal.addEventListener('abort', callOff, { once: true });
    });
  }
}
