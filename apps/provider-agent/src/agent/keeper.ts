import type { Clock } from '@decent-cloud/kernel';
import type { Backend } from '../backends/backend.ts';
import { downOf, hasSettled, mayStartAgain, mustTell, type Starts, type Told } from '../domain/keep.ts';
import type { Journal } from '../journal/journal.ts';
import type { Logger } from '../log.ts';
import type { Reconciler } from './reconcile.ts';
import type { Worker } from './worker.ts';

export interface KeeperOptions {
  readonly backend: Pick<Backend, 'list'>;
  readonly journal: Journal;
  readonly logger: Logger;
  readonly now: Clock;
  readonly worker: Pick<Worker, 'startAgain'>;
  readonly reconciler: Pick<Reconciler, 'report'>;
}

/**
 * Looks whether the machines that are paid for run. One that was stopped is started again; the platform hears of every
 * change, and of what is not there at all: only the platform decides what becomes of that.
 */
export class Keeper {
  private readonly options: KeeperOptions;
  private readonly starts = new Map<string, Starts>();
  private readonly starting = new Map<string, Promise<void>>();
  private told: Told = { down: '', sinceNs: 0n, atNs: 0n };

  constructor(options: KeeperOptions) {
    this.options = options;
  }

  /** @throws when the backend does not say what is there: that is no word on any machine */
  async look(): Promise<void> {
    const { backend, journal, now } = this.options;
    const machines = await backend.list();
    const down = downOf(journal.state.machines.values(), machines, now());
    const stopped = down.filter(({ what }) => what === 'stopped').map(({ contractId }) => contractId);
    await this.tell(down.map(({ contractId, what }) => `${contractId} ${what}`).join());
    for (const [contractId, starts] of this.starts) {
      if (!stopped.includes(contractId) && hasSettled(starts, now())) this.starts.delete(contractId);
    }
    for (const contractId of stopped) this.startAgain(contractId);
  }

  /** Returns when nothing is being started. */
  async idle(): Promise<void> {
    await Promise.all(this.starting.values());
  }

  private async tell(down: string): Promise<void> {
    const nowNs = this.options.now();
    if (!mustTell(this.told, down, nowNs)) return;
    this.told = { down, sinceNs: down === this.told.down ? this.told.sinceNs : nowNs, atNs: nowNs };
    await this.options.reconciler.report();
  }

  private startAgain(contractId: string): void {
    const { worker, logger, now, reconciler } = this.options;
    const before = this.starts.get(contractId);
    if (this.starting.has(contractId) || !mayStartAgain(before, now())) return;
    this.starts.set(contractId, { count: (before?.count ?? 0) + 1, lastAtNs: now() });
    const work = worker
      .startAgain(contractId)
      .then((isStarted) => (isStarted ? reconciler.report() : undefined))
      .catch((error: unknown) => logger.warn({ error, contractId }, 'machine could not be started again'))
      .finally(() => this.starting.delete(contractId));
    this.starting.set(contractId, work);
  }
}
