import { type Clock, crash } from '@decent-cloud/kernel';
import type { Database } from '@decent-cloud/postgres';
import { isClockWrong } from './clock-watch.ts';
import type { Logger } from './logging.ts';
import type { Metrics } from './metrics.ts';
import type { Sweep } from './sweep.ts';

/** Runs one reconciler on its timer; an advisory lock keeps replicas from running it at the same time. */
export class SweepRunner {
  private timer: NodeJS.Timeout | undefined;
  private current: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(
    private readonly declaration: { readonly name: string; readonly everySeconds: number },
    private readonly sweep: Sweep,
    private readonly database: Database,
    private readonly logger: Logger,
    private readonly metrics: Metrics,
    private readonly clock: Clock,
  ) {}

  start(): void {
    this.schedule(Math.random() * 1_000);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearTimeout(this.timer);
    await this.current;
  }

  private schedule(waitMs: number): void {
    if (this.stopping) return;
    this.timer = setTimeout(() => {
      this.current = this.runOnce().finally(() => this.schedule(this.declaration.everySeconds * 1_000));
    }, waitMs);
  }

  private async runOnce(): Promise<void> {
    const { name } = this.declaration;
    const stop = this.metrics.sweepSeconds.startTimer({ sweep: name });
    try {
      const sweep = () => this.sweep.sweep(this.clock());
      const act = () => `${this.database.options.applicationName}:sweep:${name}`;
      const ran = await this.alone(name, () => crash.points?.within(act(), sweep) ?? sweep());
      stop({ outcome: ran ? 'ok' : 'skipped' });
    } catch (error) {
      // Readiness says so, and the clock's own alert.
      if (isClockWrong(error)) return void stop({ outcome: 'clock-wrong' });
      stop({ outcome: 'failed' });
      this.logger.warn({ error, sweep: name }, 'reconciler failed; it runs again');
    }
  }

  private async alone(name: string, work: () => Promise<void>): Promise<boolean> {
    const client = await this.database.pool.connect();
    try {
      const { rows } = await client.query<{ locked: boolean }>(
        'select pg_try_advisory_lock(hashtextextended($1, 0)) as locked',
        [`sweep:${name}`],
      );
      if (!rows[0]?.locked) return false;
      try {
        await work();
        return true;
      } finally {
        await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [`sweep:${name}`]);
      }
    } finally {
      client.release();
    }
  }
}
