import { hostname } from 'node:os';
import type { Client } from '@decent-cloud/client';
import type { KeyPair } from '@decent-cloud/identity';
import { type Clock, systemClock } from '@decent-cloud/kernel';
import type { Backend } from '../backends/backend.ts';
import { Journal } from '../journal/journal.ts';
import { platformFaultOf } from '../link/faults.ts';
import { type Instance, thisInstance } from '../link/instance.ts';
import { Link } from '../link/link.ts';
import type { MonotonicClock } from '../link/platform-clock.ts';
import { PlatformKey } from '../link/platform-key.ts';
import type { Logger } from '../log.ts';
import { VERSION } from '../version.ts';
import { answerOperator } from './answer-operator.ts';
import { ControlServer } from './control-server.ts';
import { Core } from './core.ts';
import { Operator } from './operator.ts';
import { takeRunLock } from './run-lock.ts';
import { signWith } from './sign.ts';
import { writeStatus } from './status-file.ts';
import { isDoneWithin } from './within.ts';

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

const STATUS_SECONDS = 2;
/** A stop takes no longer than all of these together. */
const FINISH_SECONDS = 5;
const CLOSE_MS = 1_000;

/** The program at the provider's: its work, the link to the platform and what its operator asks. */
export class Agent {
  private readonly options: AgentOptions;
  private readonly platformKey: PlatformKey;
  private readonly link: Link;
  private readonly core: Core;
  private readonly control: ControlServer;
  private stopped: Promise<void> | undefined;

  private constructor(
    options: AgentOptions,
    private readonly journal: Journal,
    instance: Instance,
    private readonly unlock: () => Promise<void>,
  ) {
    this.options = options;
    const { logger, backend, keys, dataDir } = options;
    this.platformKey = new PlatformKey({ dataDir, pinned: options.platformPublicKey, logger });
    this.link = new Link({
      client: options.client,
      seedHex: Buffer.from(keys.seed).toString('hex'),
      name: `dc-agent ${VERSION} ${hostname()}`,
      urls: options.natsUrls,
      caFile: options.caFile,
      platformKey: this.platformKey,
      logger,
      now: options.now ?? systemClock,
      instance,
      monotonic: options.monotonic,
    });
    const core = new Core({
      ...{ backend, journal, logger, version: VERSION, link: this.link },
      agentPublicKey: keys.publicKeyHex,
      instanceId: instance.instanceId,
      sign: signWith(keys.seed),
      believer: () => ({
        agentPublicKey: keys.publicKeyHex,
        platformPublicKey: this.platformKey.publicKey,
      }),
      environment: options.environment,
      maxParallelProvisions: options.maxParallelProvisions,
      onFatal: options.onFatal,
      now: options.now,
      reconcileEverySeconds: options.reconcileEverySeconds,
      lookEverySeconds: options.lookEverySeconds,
    });
    this.core = core;
    const operator = new Operator({
      backend,
      logger,
      own: core.marks,
      now: () => this.link.platformNow(),
      records: () => journal.state.machines.values(),
      ask: () => core.ask(),
      adopt: (machine, externalId) => core.worker.adopt(machine, externalId),
      exclusively: (contractId, work) => core.worker.exclusively(contractId, work),
      report: () => core.reconciler.report(),
    });
    this.control = new ControlServer({
      dataDir,
      logger,
      platformFaultOf,
      handle: (request) => answerOperator(operator, core.reconciler, request),
    });
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
    this.core.begin();
    this.core.timers.every(STATUS_SECONDS, () => this.writeStatus(), 'status file');
    this.link.start();
    await this.writeStatus();
  }

  private async end(): Promise<void> {
    const { core } = this;
    const { logger, backend, finishSeconds = FINISH_SECONDS } = this.options;
    const isIdle = await core.finish(finishSeconds, () => this.control.stop());
    await this.link.stop();
    await core.outbox.stop();
    if (!(await isDoneWithin(backend.close(), CLOSE_MS))) logger.warn('the backend does not let go in time');
    await this.writeStatus();
    await this.journal.close();
    // Otherwise the end of this process is what lets the next one begin.
    if (isIdle) await this.unlock();
  }

  private async writeStatus(): Promise<void> {
    await writeStatus(this.options.dataDir, await this.core.self.status());
  }
}
