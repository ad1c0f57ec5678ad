import type { Clock } from '@decent-cloud/kernel';
import type { DesiredSnapshot } from '@decent-cloud/messages/agents/protocol';
import { type Ambient, type CallOff, systemAmbient } from '../ambient.ts';
import type { Backend } from '../backends/backend.ts';
import type { Journal } from '../journal/journal.ts';
import { CommandPull, PULL_SECONDS, type PullLink } from '../link/command-pull.ts';
import type { Link } from '../link/link.ts';
import type { Believer } from '../link/read-command.ts';
import type { Logger } from '../log.ts';
import { askSnapshot } from './ask-snapshot.ts';
import { Commands } from './commands.ts';
import { EventOutbox } from './event-outbox.ts';
import { Heartbeat } from './heartbeat.ts';
import { Keeper } from './keeper.ts';
import type { OwnMarks } from './observe.ts';
import { Reconciler } from './reconcile.ts';
import type { sealFor } from './seal.ts';
import { SelfReport } from './self-report.ts';
import type { Sign } from './sign.ts';
import { Timers } from './timers.ts';
import { Wanted } from './wanted.ts';
import { isDoneWithin } from './within.ts';
import { Worker } from './worker.ts';

/** What the work needs of the way to the platform. */
export type CoreLink = Pick<
  Link,
  | 'connected'
  | 'knowsTime'
  | 'heartbeatSeconds'
  | 'platformNow'
  | 'status'
  | 'onUp'
  | 'publishEvent'
  | 'publishHeartbeat'
  | 'request'
> &
  PullLink;

/** What the core makes its members from. */
export const coreParts = { CommandPull, Commands, EventOutbox, Heartbeat, Keeper, Reconciler, Worker };
export type CoreParts = typeof coreParts;

export interface CoreOptions {
  readonly agentPublicKey: string;
  readonly instanceId: string;
  readonly version: string;
  readonly sign: Sign;
  readonly seal?: typeof sealFor;
  readonly believer: () => Believer;
  readonly link: CoreLink;
  readonly journal: Journal;
  readonly backend: Backend;
  readonly logger: Logger;
  readonly environment: string;
  readonly maxParallelProvisions: number;
  /** The agent cannot go on; it is to be started again. */
  readonly onFatal: (error: unknown) => void;
  /** This host's own clock. */
  readonly now?: Clock | undefined;
  readonly ambient?: Ambient;
  readonly parts?: CoreParts;
  readonly reconcileEverySeconds?: number | undefined;
  /** How often it looks whether its machines run. */
  readonly lookEverySeconds?: number | undefined;
  readonly endingsEverySeconds?: number;
  readonly pullSeconds?: number;
}

const RECONCILE_SECONDS = 600;
const LOOK_SECONDS = 5;
const HEARTBEAT_SECONDS = 15;
const ENDINGS_SECONDS = 1;
/** A broker may still hold a pull of the process before: what it gave to that one is seen by asking once more. */
const SECOND_LOOK_AFTER_PULL_SECONDS = 2;
const ABORT_MS = 2_000;
const TELL_MS = 1_000;

/** The agent's work: outbox, worker, reconciler and what beats, over a journal, a backend and a link that are given. */
export class Core {
  readonly timers: Timers;
  readonly outbox: EventOutbox;
  readonly worker: Worker;
  readonly reconciler: Reconciler;
  readonly commands: Commands;
  readonly heartbeat: Heartbeat;
  readonly self: SelfReport;
  readonly marks: OwnMarks;
  private readonly options: CoreOptions;
  private readonly ambient: Ambient;
  private readonly keeper: Keeper;
  private readonly pull: CommandPull;
  private readonly wanted = new Wanted();
  private callOffSecondLook: CallOff = () => undefined;

  constructor(options: CoreOptions) {
    const { agentPublicKey, sign, link, journal, backend, logger, believer } = options;
    const { ambient = systemAmbient, parts = coreParts } = options;
    const { wanted } = this;
    this.options = options;
    this.ambient = ambient;
    this.timers = new Timers(logger, ambient);
    this.marks = { environment: options.environment, agent: agentPublicKey.slice(0, 16) };
    const shared = { backend, journal, logger, now: () => link.platformNow(), ambient };
    const identity = { agentPublicKey, sign, instanceId: options.instanceId };
    this.outbox = new parts.EventOutbox({
      ...shared,
      ...identity,
      publish: (kind, text, eventId) => link.publishEvent(kind, text, eventId),
      onFatal: options.onFatal,
    });
    this.worker = new parts.Worker({
      ...shared,
      outbox: this.outbox,
      marks: this.marks,
      maxParallelProvisions: options.maxParallelProvisions,
      portsInUse: () => wanted.ports,
      ...(options.seal && { seal: options.seal }),
    });
    this.reconciler = new parts.Reconciler({
      ...shared,
      outbox: this.outbox,
      marks: this.marks,
      wanted,
      ask: () => this.ask(),
      isConnected: () => link.connected,
      carryOut: (command) => this.worker.carryOut(command),
    });
    this.keeper = new parts.Keeper({ ...shared, worker: this.worker, reconciler: this.reconciler });
    this.commands = new parts.Commands({
      believer,
      logger,
      worker: this.worker,
      reconciler: this.reconciler,
      outbox: this.outbox,
      wanted,
    });
    this.pull = new parts.CommandPull({
      ...{ link, logger, ambient, pullSeconds: options.pullSeconds },
      handle: (text) => this.commands.handle(text),
    });
    this.self = new SelfReport({
      ...{ agentPublicKey, version: options.version, backend, logger, link, wanted, ambient },
      marks: this.marks,
      worker: this.worker,
      refusedCommands: () => this.commands.refusedCount,
      now: options.now,
    });
    this.heartbeat = new parts.Heartbeat({
      ...identity,
      version: options.version,
      provisionerType: backend.type,
      logger,
      isConnected: () => link.connected,
      publish: (text) => link.publishHeartbeat(text),
      pulse: () => this.self.pulse(),
      ambient,
    });
    // Whoever waits for a write is told, too, and most of them try again: that would go on for ever.
    journal.onBroken(options.onFatal);
    link.onUp(() => this.onUp());
  }

  /** What a restart has interrupted goes on; the rest begins with the link. */
  begin(): void {
    const { reconcileEverySeconds, lookEverySeconds, endingsEverySeconds } = this.options;
    for (const removal of this.worker.resumeRemovals()) this.timers.watch(removal, 'an interrupted removal');
    this.outbox.start();
    const endingsSeconds = endingsEverySeconds ?? ENDINGS_SECONDS;
    this.timers.every(endingsSeconds, () => this.enforceEndings(), 'ends of paid time');
    const reconcileSeconds = reconcileEverySeconds ?? RECONCILE_SECONDS;
    this.timers.every(reconcileSeconds, () => this.reconciler.run(false), 'reconciling');
    this.timers.every(lookEverySeconds ?? LOOK_SECONDS, () => this.look(), 'a look at the machines');
  }

  /**
   * Gives back what has not begun, lets what runs come to a safe point, and tells the platform. Takes a bounded time
   * whatever the backend and the broker do.
   * @param beside what is stopped at the same time as the work
   * @returns whether nothing is being worked on any more
   */
  async finish(finishSeconds: number, beside: () => Promise<void>): Promise<boolean> {
    const { link, logger } = this.options;
    const { pull, ambient } = this;
    pull.stop();
    this.timers.stop();
    this.callOffSecondLook();
    const [isIdle] = await Promise.all([
      this.worker.stop({ finishMs: finishSeconds * 1_000, abortMs: ABORT_MS }),
      this.heartbeat.stop(),
      beside(),
    ]);
    if (!isIdle) logger.warn('what the backend does not end is gone on with after the next start');
    if (!(await isDoneWithin(pull.idle(), TELL_MS, ambient))) pull.giveBack();
    await isDoneWithin(this.outbox.whenAllSent(), TELL_MS, ambient);
    await isDoneWithin(this.heartbeat.leave(), TELL_MS, ambient);
    await isDoneWithin(link.flush(), TELL_MS, ambient);
    return isIdle;
  }

  /** All that the platform wants. @throws when nobody answers or what came is not to be believed */
  ask(): Promise<DesiredSnapshot> {
    const { link, believer, sign, instanceId } = this.options;
    return askSnapshot({
      sign,
      instanceId,
      now: () => link.platformNow(),
      believer,
      request: (method, text) => link.request(method, text),
      isConnected: () => link.connected,
      ambient: this.ambient,
    });
  }

  /** A backend that does not answer is told of by the heartbeats. */
  private async look(): Promise<void> {
    try {
      await this.keeper.look();
    } catch (error) {
      this.options.logger.debug({ error }, 'the backend does not say which machines run');
    }
  }

  /** Never by this host's own clock, which may be wrong: only after the platform has told the time. */
  private async enforceEndings(): Promise<void> {
    const { link } = this.options;
    if (link.knowsTime) await this.worker.enforceEndings(link.connected);
  }

  private onUp(): void {
    const { link, pullSeconds = PULL_SECONDS } = this.options;
    this.outbox.wake();
    this.heartbeat.start(link.heartbeatSeconds ?? HEARTBEAT_SECONDS);
    this.timers.watch(this.reconciler.run(true), 'reconciling');
    this.callOffSecondLook();
    const look = () => this.timers.watch(this.reconciler.run(false), 'reconciling');
    this.callOffSecondLook = this.ambient.after((pullSeconds + SECOND_LOOK_AFTER_PULL_SECONDS) * 1_000, look);
  }
}
