import { type Ambient, type CallOff, systemAmbient } from '../ambient.ts';
import type { Logger } from '../log.ts';

/** The agent's work that nobody waits for. What fails of it is in the log, until the agent stops. */
export class Timers {
  private readonly timers: CallOff[] = [];
  private isStopping = false;

  constructor(
    private readonly logger: Logger,
    private readonly ambient: Pick<Ambient, 'every'> = systemAmbient,
  ) {}

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
    this.timers.push(this.ambient.every(seconds * 1_000, once));
  }

  watch(work: Promise<unknown>, what: string): void {
    work.catch((error: unknown) => {
      if (!this.isStopping) this.logger.error({ error }, `${what} failed`);
    });
  }

  stop(): void {
    this.isStopping = true;
    for (const callOff of this.timers) callOff();
  }
}
