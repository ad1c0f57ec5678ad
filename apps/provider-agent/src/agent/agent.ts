import { hostname } from 'node:os';
import type { Client } from '@decent-cloud/client';
import type { KeyPair } from '@decent-cloud/identity';
import { type Clock, systemClock } from '@decent-cloud/kernel';
import type { Backend } from '../backends/backend.ts';
import { Journal } from '../journal/journal.ts';
import { CommandPull } from '../link/command-pull.ts';
import { platformFaultOf } from '../link/faults.ts';
import { type Instance, thisInstance } from '../link/instance.ts';
import { Link, PULL_SECONDS } from '../link/link.ts';
import type { MonotonicClock } from '../link/platform-clock.ts';
import { PlatformKey } from '../link/platform-key.ts';
import type { Believer } from '../link/read-command.ts';
import type { Logger } from '../log.ts';
import { VERSION } from '../version.ts';
import { answerOperator } from './answer-operator.ts';
import { askSnapshot } from './ask-snapshot.ts';
import { Commands } from './commands.ts';
import { ControlServer } from './control-server.ts';
import { EventOutbox } from './event-outbox.ts';
import { Heartbeat } from './heartbeat.ts';
import { Keeper } from './keeper.ts';
import type { OwnMarks } from './observe.ts';
import { Operator } from './operator.ts';
import { Reconciler } from './reconcile.ts';
import { takeRunLock } from './run-lock.ts';
import { SelfReport } from './self-report.ts';
import { Timers } from './timers.ts';
import { Wanted } from './wanted.ts';
import { isDoneWithin } from './within.ts';
import { Worker } from './worker.ts';

export interface AgentOptions {
  readonly keys: KeyPair;
  readonly client: Client;
  readonly backend: Backend;
  readonly logger: Logger;
  readonly environment: string;
  readonly dataDir: string;
  readonly journalPath: string;
  readonly maxParallelProvisions: number;
  readonly platformPublicKey: string | undefined;
  readonly natsUrls: readonly string[];
  readonly caFile?: string | undefined;
  /** The agent cannot go on; it is to be started again. */
  readonly onFatal: (error: unknown) => void;
  readonly now?: Clock;
  readonly monotonic?: MonotonicClock;
  readonly reconcileEverySeconds?: number;
  /** How often it looks whether its machines run. */
  readonly lookEverySeconds?: number;
  /** On a stop: how long machines that are being made may go on. */
  readonly finishSeconds?: number;
}

const RECONCILE_SECONDS = 600;
const LOOK_SECONDS = 5;
/** A broker may still hold a pull of the process before: what it gave to that one is seen by asking once more. */
const SECOND_LOOK_SECONDS = PULL_SECONDS + 2;
const HEARTBEAT_SECONDS = 15;
const STATUS_SECONDS = 2;
const ENDINGS_SECONDS = 1;
/** A stop takes no longer than all of these together. */
const FINISH_SECONDS = 5;
const ABORT_MS = 2_000;
const TELL_MS = 1_000;
const CLOSE_MS = 1_000;

/** The program at the provider's: link, journal, worker and reconciler put together. */
export class Agent {
  private readonly options: AgentOptions;
  private readonly timers: Timers;
  private readonly platformKey: PlatformKey;
  private readonly link: Link;
  private readonly pull: CommandPull;
  private readonly outbox: EventOutbox;
  private readonly worker: Worker;
  private readonly reconciler: Reconciler;
  private readonly keeper: Keeper;
  private readonly heartbeat: Heartbeat;
  private readonly control: ControlServer;
  private readonly operator: Operator;
  private readonly self: SelfReport;
  private readonly wanted = new Wanted();
  private readonly marks: OwnMarks;
  private secondLook: NodeJS.Timeout | undefined;
  private stopped: Promise<void> | undefined;

  private constructor(
    options: AgentOptions,
    private readonly journal: Journal,
    instance: Instance,
    private readonly unlock: () => Promise<void>,
  ) {
    this.options = options;
    const { logger, backend, keys } = options;
    const now = options.now ?? systemClock;
    this.timers = new Timers(logger);
    this.platformKey = new PlatformKey({
      dataDir: options.dataDir,
      pinned: options.platformPublicKey,
      logger,
    });
    this.link = new Link({
      client: options.client,
      seedHex: Buffer.from(keys.seed).toString('hex'),
      name: `dc-agent ${VERSION} ${hostname()}`,
      urls: options.natsUrls,
      caFile: options.caFile,
      platformKey: this.platformKey,
      logger,
      now,
      instance,
      monotonic: options.monotonic,
    });
    const { instanceId } = instance;
    const platformNow = () => this.link.platformNow();
    const shared = { backend, journal, logger, now: platformNow };
    this.marks = { environment: options.environment, agent: keys.publicKeyHex.slice(0, 16) };
    const ask = () =>
      askSnapshot({
        seed: keys.seed,
        instanceId,
        now: platformNow,
        believer: () => this.believer(),
        request: (method, text) => this.link.request(method, text),
        isConnected: () => this.link.connected,
      });
    this.outbox = new EventOutbox({
      ...shared,
      seed: keys.seed,
      agentPublicKey: keys.publicKeyHex,
      instanceId,
      publish: (kind, text, eventId) => this.link.publishEvent(kind, text, eventId),
      onFatal: options.onFatal,
    });
    this.worker = new Worker({
      ...shared,
      outbox: this.outbox,
      marks: this.marks,
      maxParallelProvisions: options.maxParallelProvisions,
      portsInUse: () => this.wanted.ports,
    });
    this.reconciler = new Reconciler({
      ...shared,
      outbox: this.outbox,
      marks: this.marks,
      wanted: this.wanted,
      ask,
      isConnected: () => this.link.connected,
      carryOut: (command) => this.worker.carryOut(command),
    });
    this.keeper = new Keeper({ ...shared, worker: this.worker, reconciler: this.reconciler });
    const commands = new Commands({
      believer: () => this.believer(),
      logger,
      worker: this.worker,
      reconciler: this.reconciler,
      outbox: this.outbox,
      wanted: this.wanted,
    });
    this.pull = new CommandPull({ link: this.link, logger, handle: (text) => commands.handle(text) });
    this.self = new SelfReport({
      agentPublicKey: keys.publicKeyHex,
      dataDir: options.dataDir,
      backend,
      logger,
      marks: this.marks,
      wanted: this.wanted,
      link: this.link,
      worker: this.worker,
      refusedCommands: () => commands.refusedCount,
      now: options.now,
    });
    this.heartbeat = new Heartbeat({
      keys,
      instanceId,
      version: VERSION,
      provisionerType: backend.type,
      logger,
      isConnected: () => this.link.connected,
      publish: (text) => this.link.publishHeartbeat(text),
      pulse: () => this.self.pulse(),
    });
    this.operator = new Operator({
      ...shared,
      own: this.marks,
      records: () => journal.state.machines.values(),
      ask,
      adopt: (machine, externalId) => this.worker.adopt(machine, externalId),
      exclusively: (contractId, work) => this.worker.exclusively(contractId, work),
      report: () => this.reconciler.report(),
    });
    this.control = new ControlServer({
      dataDir: options.dataDir,
      logger,
      platformFaultOf,
      handle: (request) => answerOperator(this.operator, this.reconciler, request),
    });
    this.link.onUp(() => this.onUp());
  }

  /** @throws AlreadyRunningError, JournalDamagedError */
  static async start(options: AgentOptions): Promise<Agent> {
    const unlock = await takeRunLock(`${options.journalPath}.lock`);
    try {
      const journal = await Journal.open(options.journalPath, options.now ?? systemClock);
      const agent = new Agent(options, journal, await thisInstance(options.journalPath), unlock);
      await agent.begin();
      return agent;
    } catch (error) {
      await unlock();
      throw error;
    }
  }

  /**
   * Gives back what has not begun, lets what runs come to a safe point, then lets go; machines stay. Takes a bounded time
   * whatever the backend and the broker do.
   */
  stop(): Promise<void> {
    this.stopped ??= this.end();
    return this.stopped;
  }

  private async begin(): Promise<void> {
    await this.platformKey.load();
    await this.options.backend.start();
    await this.control.start();
    for (const removal of this.worker.resumeRemovals()) this.timers.watch(removal, 'an interrupted removal');
    this.outbox.start();
    this.timers.every(ENDINGS_SECONDS, () => this.enforceEndings(), 'ends of paid time');
    this.timers.every(STATUS_SECONDS, () => this.self.write(), 'status file');
    const reconcileSeconds = this.options.reconcileEverySeconds ?? RECONCILE_SECONDS;
    this.timers.every(reconcileSeconds, () => this.reconciler.run(false), 'reconciling');
    const lookSeconds = this.options.lookEverySeconds ?? LOOK_SECONDS;
    this.timers.every(lookSeconds, () => this.look(), 'a look at the machines');
    this.link.start();
    await this.self.write();
  }

  private async end(): Promise<void> {
    const { logger, backend, finishSeconds = FINISH_SECONDS } = this.options;
    this.pull.stop();
    this.timers.stop();
    clearTimeout(this.secondLook);
    const [isIdle] = await Promise.all([
      this.worker.stop({ finishMs: finishSeconds * 1_000, abortMs: ABORT_MS }),
      this.heartbeat.stop(),
      this.control.stop(),
    ]);
    if (!isIdle) logger.warn('what the backend does not end is gone on with after the next start');
    if (!(await isDoneWithin(this.pull.idle(), TELL_MS))) this.pull.giveBack();
    await isDoneWithin(this.outbox.whenAllSent(), TELL_MS);
    await isDoneWithin(this.heartbeat.leave(), TELL_MS);
    await isDoneWithin(this.link.flush(), TELL_MS);
    await this.link.stop();
    await this.outbox.stop();
    if (!(await isDoneWithin(backend.close(), CLOSE_MS))) logger.warn('the backend does not let go in time');
    await this.self.write();
    await this.journal.close();
    // Otherwise the end of this process is what lets the next one begin.
    if (isIdle) await this.unlock();
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
    if (this.link.knowsTime) await this.worker.enforceEndings(this.link.connected);
  }

  private believer(): Believer {
    return {
      agentPublicKey: this.options.keys.publicKeyHex,
      platformPublicKey: this.platformKey.publicKey,
    };
  }

  private onUp(): void {
    this.outbox.wake();
    this.heartbeat.start(this.link.heartbeatSeconds ?? HEARTBEAT_SECONDS);
    this.timers.watch(this.reconciler.run(true), 'reconciling');
    clearTimeout(this.secondLook);
    const look = () => this.timers.watch(this.reconciler.run(false), 'reconciling');
    this.secondLook = setTimeout(look, SECOND_LOOK_SECONDS * 1_000);
  }
}
