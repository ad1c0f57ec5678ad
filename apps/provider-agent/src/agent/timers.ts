import type { Logger } from '../log.ts';

/** The agent's work that nobody waits for. What fails of it is in the log, until the agent stops. */
export class Timers {
  private readonly timers: NodeJS.Timeout[] = [];
  private isStopping = false;

  constructor(private readonly logger: Logger) {}

  /** Never begins again before it has ended. */
  every(seconds: number, work: () => Promise<unknown>, what: string): void {
    let busy = false;
    const once = () => {
      if (busy) return;
      busy = true;
      const done = work().finally(() => {
        busy = false;
      });
      this.watch(done, what);
    };
    this.timers.push(setInterval(once, seconds * 1_000));
  }

  watch(work: Promise<unknown>, what: string): void {
    work.catch((error: unknown) => {
      if (!this.isStopping) this.logger.error({ error }, `${what} failed`);
    });
  }

  stop(): void {
    this.isStopping = true;
    for (const timer of this.timers) clearInterval(timer);
  }
}
