import { type Clock, systemClock } from '@decent-cloud/kernel';
import type { Ambient } from '../ambient.ts';
import type { Backend } from '../backends/backend.ts';
import { countDrift, type Drift, driftOf } from '../domain/drift.ts';
import type { Link } from '../link/link.ts';
import type { Logger } from '../log.ts';
import { BackendView, type View } from './backend-view.ts';
import type { Pulse } from './heartbeat.ts';
import { type OwnMarks, observedOf } from './observe.ts';
import type { RunningStatus } from './status-file.ts';
import type { Wanted } from './wanted.ts';
import type { Worker } from './worker.ts';

export interface SelfReportOptions {
  readonly agentPublicKey: string;
  readonly version: string;
  readonly backend: Backend;
  readonly logger: Logger;
  readonly marks: OwnMarks;
  readonly wanted: Wanted;
  readonly link: Pick<Link, 'platformNow' | 'status'>;
  readonly worker: Pick<Worker, 'activeCount' | 'isMaking'>;
  readonly refusedCommands: () => number;
  readonly now?: Clock | undefined;
  readonly ambient?: Pick<Ambient, 'after'>;
}

/** What the agent says of itself: to the platform with every heartbeat, and to its operator by the status file. */
export class SelfReport {
  private readonly options: SelfReportOptions;
  private readonly view: BackendView;
  private readonly now: Clock;
  private readonly startedAtNs: bigint;

  constructor(options: SelfReportOptions) {
    this.options = options;
    this.view = new BackendView(options.backend, options.logger, options.ambient);
    this.now = options.now ?? systemClock;
    this.startedAtNs = this.now();
  }

  async pulse(): Promise<Pulse> {
    const view = await this.view.look();
    const drift = this.driftIn(view);
    const resources = { ...view?.hostSize, ...(drift && { drift: countDrift(drift) }) };
    return {
      atNs: this.options.link.platformNow().toString(),
      activeContracts: this.options.worker.activeCount,
      freeSlots: this.freeSlotsIn(view),
      ...(Object.keys(resources).length > 0 && { resources }),
    };
  }

  /** For the status file. */
  async status(): Promise<RunningStatus> {
    const { agentPublicKey, version, link, worker, refusedCommands } = this.options;
    const view = await this.view.look();
    const drift = this.driftIn(view);
    return {
      pid: process.pid,
      atNs: this.now().toString(),
      startedAtNs: this.startedAtNs.toString(),
      version,
      agentPublicKey,
      connection: link.status(),
      activeContracts: worker.activeCount,
      freeSlots: this.freeSlotsIn(view),
      refusedCommands: refusedCommands(),
      drift: drift ?? [],
      driftCounts: drift ? countDrift(drift) : null,
    };
  }

  /** Machines of nobody count as well: they fill the place; remains do not. A backend that does not answer has none. */
  private freeSlotsIn(view: View | undefined): number {
    if (!view) return 0;
    const machines = view.machines.filter(({ left }) => left === undefined);
    return Math.max(0, view.capacity - Math.max(machines.length, this.options.worker.activeCount));
  }

  /** Undefined when it is not known: not compared yet, or the backend does not answer. A machine on its way is no drift. */
  private driftIn(view: View | undefined): readonly Drift[] | undefined {
    const { wanted, marks, worker } = this.options;
    if (!view || !wanted.all) return undefined;
    return driftOf(wanted.all, observedOf(view.machines, marks)).filter(
      ({ contractId }) => contractId === undefined || !worker.isMaking(contractId),
    );
  }
}
