import { Refusal } from '@decent-cloud/kernel';
import { Core, type CoreParts } from '../../provider-agent/src/agent/core.ts';
import { SupersededError } from '../../provider-agent/src/agent/worker.ts';
import { BackendError } from '../../provider-agent/src/backends/backend.ts';
import type { MachineRecord } from '../../provider-agent/src/domain/record.ts';
import { Journal } from '../../provider-agent/src/journal/journal.ts';
import { NotConnectedError } from '../../provider-agent/src/link/not-connected.ts';
import type { Logger } from '../../provider-agent/src/log.ts';
import { ACK_WAIT_SECONDS } from './agent-consumer.ts';
import { AgentLink } from './agent-link.ts';
import type { Agents } from './agents.ts';
import { ambientOf } from './ambient.ts';
import { Backend, type BackendMutations } from './backend.ts';
import { PublishFailedError } from './broker.ts';
import { Node, SECOND } from './kernel.ts';
import { DiskFullError, MemoryDisk } from './memory-disk.ts';
import type { Surroundings } from './service.ts';
import { isSignedBy, PLATFORM_KEY, SigningKey } from './signing.ts';

/** Waits that are longer than the real ones: what they find is seldom there. */
const LOOK_SECONDS = 30;
const ENDINGS_SECONDS = 15;
const PULL_SECONDS = 20;
const FINISH_SECONDS = 5;
/** The service manager waits before it starts an agent again that has ended by itself. */
const LATER_US = 5 * SECOND;

/** What the agent's log tells of what it has been through. */
const SIGHTS: Readonly<Record<string, string>> = {
  'creation called off by a newer command': 'creation called off',
  'command of an old generation': 'command that is stale',
  'it was stopped and is to run: started again': 'machine started again',
};

export interface AgentOptions {
  readonly publicKey: string;
  readonly account: string;
  readonly skewUs: number;
  readonly capacity: number;
  /** Begins the names of its machines. */
  readonly place: string;
  readonly parts: CoreParts;
  readonly platform: Agents;
  readonly mutant: BackendMutations;
}

/** One process of it. */
interface Running {
  readonly core: Core;
  readonly link: AgentLink;
  readonly journal: Journal;
  isStopping?: true;
}

/** The agent's own work on a node that crashes, with a disk, a backend, and a link that may be cut. */
export class Agent extends Node {
  override readonly longOutages = 0.3;
  /** What only this agent can have said. */
  readonly truths = new Set<string>();
  readonly backend: Backend;
  private readonly disk: MemoryDisk;
  private readonly key: SigningKey;
  private isCut = false;
  /** Of the process that runs. */
  private running: Running | undefined;

  constructor(
    readonly options: AgentOptions,
    private readonly around: Surroundings,
  ) {
    const { publicKey, account, capacity, place, mutant } = options;
    super(`agent ${capacity}:${publicKey.slice(0, 4)}`, options.skewUs);
    this.key = new SigningKey(publicKey);
    this.disk = new MemoryDisk(around.kernel, around.faults, this);
    this.backend = new Backend(this, around, place, capacity, mutant);
    around.broker.addReader({
      durable: this.name,
      stream: 'AGENT_CMD',
      ackWaitSeconds: ACK_WAIT_SECONDS,
      maxDeliver: 50,
      node: this,
      isConnected: () => this.running?.link.connected === true,
      wants: (subject) => subject.startsWith(`agent.cmd.v1.${account}.`),
      handle: (message) => (this.running as Running).link.consumer.deliver(message),
      doing: ({ subject }) => `provider-agent on command ${subject.split('.')[4]}`,
    });
  }

  boot(): void {
    this.running = undefined;
    this.disk.crashed();
    this.around.kernel.launch(this, 'provider-agent starts', () => this.begin());
  }

  cutLink(us: number): void {
    if (this.isCut) return;
    this.isCut = true;
    this.around.kernel.in(us, () => {
      this.isCut = false;
      this.connect();
    });
  }

  /** It is told to stop, does so in order, and is started again. */
  stop(downUs: number): void {
    const { running } = this;
    if (!this.isUp || !running || running.isStopping) return;
    running.isStopping = true;
    const { kernel } = this.around;
    kernel.launch(this, 'provider-agent stops', async () => {
      const { core, link, journal } = running;
      const isIdle = await core.finish(FINISH_SECONDS, () => Promise.resolve());
      this.around.recorder.seen(`agent that stopped ${isIdle ? 'idle' : 'in the middle'}`);
      link.close();
      await core.outbox.stop();
      await journal.close();
      this.end(downUs);
    });
  }

  /** The process ends by itself, at a moment of its own: what it has woken must not go on in the next one. */
  private end(downUs: number): void {
    const { kernel } = this.around;
    const { epoch } = this;
    kernel.in(0, () => {
      if (this.epoch === epoch) kernel.crash(this, downUs);
    });
  }

  get isBusy(): boolean {
    return [...this.machines.values()].some(({ phase }) => phase === 'creating' || phase === 'removing');
  }

  get machines(): ReadonlyMap<string, MachineRecord> {
    return this.running?.journal.state.machines ?? new Map();
  }

  private async begin(): Promise<void> {
    const { around, backend, key } = this;
    const { publicKey, account, parts, platform } = this.options;
    const { kernel } = around;
    const journal = await Journal.on(this.disk, () => kernel.nowOf(this));
    const link = new AgentLink({
      ...{ node: this, account, platform, around },
      isThere: () => !this.isCut,
      onSaid: (eventId) => this.truths.add(eventId),
    });
    const core = new Core({
      ...{ link, journal, backend, parts },
      agentPublicKey: publicKey,
      instanceId: kernel.random.uuid(),
      version: '0.0.0',
      // Which process speaks is left out.
      sign: (message) => key.sign({ ...message, instanceId: undefined }),
      seal: () => [],
      believer: () => ({ agentPublicKey: publicKey, platformPublicKey: PLATFORM_KEY, verify: isSignedBy }),
      logger: this.logger(),
      environment: 'simulation',
      maxParallelProvisions: 3,
      onFatal: (error) => {
        this.judge(error, 'fatal');
        this.end(LATER_US);
      },
      now: () => kernel.nowOf(this),
      ambient: ambientOf(kernel, this),
      lookEverySeconds: LOOK_SECONDS,
      endingsEverySeconds: ENDINGS_SECONDS,
      pullSeconds: PULL_SECONDS,
    });
    this.running = { core, link, journal };
    core.begin();
    this.connect();
  }

  private connect(): void {
    const { running } = this;
    if (!this.isUp || !running || this.isCut) return;
    this.around.broker.connected(this);
    this.around.kernel.launch(this, 'provider-agent is connected', async () => running.link.up());
  }

  /** An error that no fault explains is one of the agent. */
  private judge(error: unknown, doing: string): void {
    const isExplained =
      error instanceof BackendError ||
      error instanceof PublishFailedError ||
      error instanceof NotConnectedError ||
      error instanceof DiskFullError ||
      error instanceof Refusal ||
      error instanceof SupersededError;
    const isOfStop = this.running?.isStopping && (error as Error).message === 'the agent stops';
    if (!isExplained && !isOfStop) this.around.kernel.report(error, `${this.name}: ${doing}`);
  }

  private logger(): Logger {
    const write = (details: { readonly error?: unknown }, text: string) => {
      const sight = SIGHTS[text];
      if (sight !== undefined) this.around.recorder.seen(sight);
      if (details.error !== undefined) this.judge(details.error, text);
    };
    return { debug: write, info: write, warn: write, error: write } as unknown as Logger;
  }
}
