import { hostname } from 'node:os';
import type { Client } from '@decent-cloud/client';
import { type KeyPair, signMessage } from '@decent-cloud/identity';
import { type Clock, systemClock } from '@decent-cloud/kernel';
import type { AgentHeartbeat } from '@decent-cloud/messages/agent-protocol';
import type { Backend } from '../backends/backend.ts';
import { Journal } from '../journal/journal.ts';
import { type CommandOutcome, CommandPull } from '../link/command-pull.ts';
import { Link, PULL_SECONDS } from '../link/link.ts';
import { PlatformKey } from '../link/platform-key.ts';
import type { Logger } from '../log.ts';
import { VERSION } from '../version.ts';
import { EventOutbox } from './event-outbox.ts';
import { type Believer, DisbelievedError, readCommand } from './orders.ts';
import { Reconciler } from './reconcile.ts';
import { takeRunLock } from './run-lock.ts';
import { writeStatus } from './status-file.ts';
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
  readonly reconcileEverySeconds?: number;
}

const RECONCILE_SECONDS = 600;
/** A broker may still hold a pull of the process before: what it gave to that one is seen by asking once more. */
const SECOND_LOOK_SECONDS = PULL_SECONDS + 2;
const HEARTBEAT_SECONDS = 15;
const STATUS_SECONDS = 2;
const ENDINGS_SECONDS = 1;

/** The program at the provider's: link, journal, worker and reconciler put together. */
export class Agent {
  private readonly options: AgentOptions;
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly platformKey: PlatformKey;
  private readonly link: Link;
  private readonly pull: CommandPull;
  private readonly outbox: EventOutbox;
  private readonly worker: Worker;
  private readonly reconciler: Reconciler;
  private readonly startedAtNs: bigint;
  private heartbeat: NodeJS.Timeout | undefined;
  private secondLook: NodeJS.Timeout | undefined;
  private refusedCommands = 0;
  private stopped: Promise<void> | undefined;

  private constructor(
    options: AgentOptions,
    private readonly journal: Journal,
    private readonly unlock: () => Promise<void>,
  ) {
    this.options = options;
    const { logger, backend, keys } = options;
    const now = options.now ?? systemClock;
    this.startedAtNs = now();
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
    });
    const platformNow = () => this.link.platformNow();
    const shared = { backend, journal, logger, now: platformNow };
    this.outbox = new EventOutbox({
      ...shared,
      seed: keys.seed,
      agentPublicKey: keys.publicKeyHex,
      publish: (kind, text, eventId) => this.link.publishEvent(kind, text, eventId),
      onFatal: options.onFatal,
    });
    this.worker = new Worker({
      ...shared,
      outbox: this.outbox,
      marks: { environment: options.environment, agent: keys.publicKeyHex.slice(0, 16) },
      maxParallelProvisions: options.maxParallelProvisions,
    });
    this.reconciler = new Reconciler({
      ...shared,
      outbox: this.outbox,
      seed: keys.seed,
      believer: () => this.believer(),
      request: (method, text) => this.link.request(method, text),
      isConnected: () => this.link.connected,
      carryOut: (order) => this.worker.carryOut(order),
    });
    this.pull = new CommandPull({ link: this.link, logger, handle: (text) => this.command(text) });
    this.link.onUp(() => this.onUp());
  }

  /** @throws AlreadyRunningError, JournalDamagedError */
  static async start(options: AgentOptions): Promise<Agent> {
    const unlock = await takeRunLock(`${options.journalPath}.lock`);
    try {
      const journal = await Journal.open(options.journalPath, options.now ?? systemClock);
      const agent = new Agent(options, journal, unlock);
      await agent.begin();
      return agent;
    } catch (error) {
      await unlock();
      throw error;
    }
  }

  /** Lets what runs come to a safe point, then lets go; machines stay. */
  stop(): Promise<void> {
    this.stopped ??= this.end();
    return this.stopped;
  }

  private async begin(): Promise<void> {
    await this.platformKey.load();
    await this.options.backend.start();
    for (const removal of this.worker.resumeRemovals()) this.watch(removal, 'an interrupted removal');
    this.outbox.start();
    this.every(ENDINGS_SECONDS, () => this.worker.enforceEndings(this.link.connected), 'ends of paid time');
    this.every(STATUS_SECONDS, () => this.tellStatus(), 'status file');
    const reconcileSeconds = this.options.reconcileEverySeconds ?? RECONCILE_SECONDS;
    this.every(reconcileSeconds, () => this.reconciler.run(false), 'reconciling');
    this.link.start();
    await this.tellStatus();
  }

  private async end(): Promise<void> {
    this.pull.stop();
    for (const timer of this.timers) clearInterval(timer);
    clearInterval(this.heartbeat);
    clearTimeout(this.secondLook);
    await this.worker.stop();
    await this.outbox.stop();
    await this.link.stop();
    await this.options.backend.close();
    await this.tellStatus();
    await this.journal.close();
    await this.unlock();
  }

  private believer(): Believer {
    return {
      agentPublicKey: this.options.keys.publicKeyHex,
      platformPublicKey: this.platformKey.publicKey,
    };
  }

  private onUp(): void {
    this.outbox.wake();
    this.watch(this.beat(), 'heartbeat');
    this.beatForEver();
    this.watch(this.reconciler.run(true), 'reconciling');
    clearTimeout(this.secondLook);
    const look = () => this.watch(this.reconciler.run(false), 'reconciling');
    this.secondLook = setTimeout(look, SECOND_LOOK_SECONDS * 1_000);
  }

  private async command(text: string): Promise<CommandOutcome> {
    let command: ReturnType<typeof readCommand>;
    try {
      command = readCommand(text, this.believer());
    } catch (error) {
      if (!(error instanceof DisbelievedError)) throw error;
      this.refusedCommands++;
      this.options.logger.error({ error, refusedCommands: this.refusedCommands }, 'COMMAND REFUSED');
      return 'refused';
    }
    const { kind, commandId, machine } = command;
    this.options.logger.info({ kind, commandId, contractId: machine?.contractId }, 'command');
    if (!machine) {
      await this.reconciler.run(true);
      return 'done';
    }
    const eventId = await this.worker.carryOut({ machine, commandId, repeatResult: true });
    if (eventId !== undefined) await this.outbox.whenSent(eventId);
    return 'done';
  }

  /** Begins anew with every connection, which may bring another interval. */
  private beatForEver(): void {
    clearInterval(this.heartbeat);
    const seconds = this.link.heartbeatSeconds ?? HEARTBEAT_SECONDS;
    this.heartbeat = setInterval(() => {
      if (this.link.connected) this.watch(this.beat(), 'heartbeat');
    }, seconds * 1_000);
  }

  private async beat(): Promise<void> {
    const { keys, backend } = this.options;
    const heartbeat: Omit<AgentHeartbeat, 'sig'> = {
      v: 1,
      agentPublicKey: keys.publicKeyHex,
      atNs: this.link.platformNow().toString(),
      version: VERSION,
      provisionerTypes: [backend.type],
      activeContracts: this.worker.activeCount,
      freeSlots: await this.freeSlots(),
    };
    if (this.link.connected) this.link.publishHeartbeat(JSON.stringify(signMessage(keys.seed, heartbeat)));
  }

  /** Machines of nobody count as well: they fill the place. */
  private async freeSlots(): Promise<number> {
    const { backend } = this.options;
    const [capacity, machines] = await Promise.all([backend.capacity(), backend.list()]);
    return Math.max(0, capacity - Math.max(machines.length, this.worker.activeCount));
  }

  private async tellStatus(): Promise<void> {
    await writeStatus(this.options.dataDir, {
      pid: process.pid,
      atNs: (this.options.now ?? systemClock)().toString(),
      startedAtNs: this.startedAtNs.toString(),
      version: VERSION,
      agentPublicKey: this.options.keys.publicKeyHex,
      connection: this.link.status(),
      activeContracts: this.worker.activeCount,
      freeSlots: await this.freeSlots(),
      refusedCommands: this.refusedCommands,
      drift: this.reconciler.drift,
    });
  }

  private every(seconds: number, work: () => Promise<void>, what: string): void {
    let busy = false;
    this.timers.push(
      setInterval(() => {
        if (busy) return;
        busy = true;
        this.watch(
          work().finally(() => {
            busy = false;
          }),
          what,
        );
      }, seconds * 1_000),
    );
  }

  private watch(work: Promise<unknown>, what: string): void {
    work.catch((error: unknown) => {
      if (!this.stopped) this.options.logger.error({ error }, `${what} failed`);
    });
  }
}
