import { jitteredBackoffMs } from '@decent-cloud/kernel';
import { type AgentCommand, type DesiredSnapshot, SNAPSHOT_METHOD } from '@decent-cloud/messages';
import { AgentState } from '../../provider-agent/src/domain/agent-state.ts';
import type { JournalEntry } from '../../provider-agent/src/domain/journal-entry.stored.ts';
import type { Agents } from './agents.ts';
import { type Backend, BackendFault } from './backend.ts';
import { type Message, PublishFailedError, type Verdict } from './broker.ts';
import { EventOutbox } from './event-outbox.ts';
import { MINUTE, MS, Node, type Process, SECOND } from './kernel.ts';
import type { Rules } from './rules.ts';
import type { Surroundings } from './service.ts';
import { isSignedBy, PLATFORM_KEY, SigningKey } from './signing.ts';
import { Worker } from './worker.ts';

const HEARTBEAT = 15 * SECOND;
const RECONCILE = 10 * MINUTE;
const LOOK = 30 * SECOND;
const SECOND_LOOK = 7 * SECOND;
const REDELIVER = 5 * SECOND;
const SNAPSHOT_ATTEMPTS = 3;

export interface AgentOptions {
  readonly publicKey: string;
  readonly account: string;
  readonly skewUs: number;
  readonly backend: Backend;
  readonly rules: Rules['agent'];
  readonly platform: Agents;
  readonly mutant: AgentMutations;
}
export interface AgentMutations {
  /** Takes what a snapshot does not name as a command to destroy it. */
  readonly silenceDestroys: boolean;
  /** Does not start again what was stopped by hand. */
  readonly leavesStopped: boolean;
}

/** The program at a provider's: journal, worker, outbox, reconciler, and a link that may be cut. */
export class Agent extends Node {
  override readonly longOutages = 0.3;
  private isLinked = true;
  private lines: JournalEntry[][] = [];
  private state = new AgentState();
  private worker!: Worker;
  private isReconciling = false;
  private reconcileAgain: { repeatResults: boolean } | undefined;
  private readonly key: SigningKey;
  private readonly outbox: EventOutbox;

  constructor(
    readonly options: AgentOptions,
    private readonly around: Surroundings,
  ) {
    super(`agent ${options.backend.capacity}:${options.publicKey.slice(0, 4)}`, options.skewUs);
    this.key = new SigningKey(options.publicKey);
    const { account, publicKey } = options;
    this.outbox = new EventOutbox({
      ...{ around, publicKey, account, key: this.key },
      now: () => this.now,
      isLinked: () => this.isLinked,
      state: () => this.state,
      write: (entries) => this.write(entries),
    });
    around.broker.addReader({
      durable: this.name,
      stream: 'AGENT_CMD',
      ackWaitSeconds: 30,
      maxDeliver: 50,
      node: this,
      isConnected: () => this.isLinked,
      wants: (subject) => subject.startsWith(`agent.cmd.v1.${account}.`),
      handle: (message) => this.obey(message),
      doing: ({ subject }) => `provider-agent on command ${subject.split('.')[4]}`,
    });
  }

  boot(): void {
    const { kernel } = this.around;
    this.state = AgentState.of(this.lines);
    this.lines = this.state.compacted(this.now);
    this.outbox.reset();
    this.isReconciling = false;
    this.reconcileAgain = undefined;
    this.worker = this.newWorker();
    for (const record of this.state.machines.values()) {
      if (record.phase === 'removing') {
        kernel.launch(this, 'provider-agent resumes a removal', this.worker.resumeRemoval(record));
      }
    }
    kernel.launch(this, 'agent outbox', this.outbox.sendForEver());
    kernel.launch(this, 'agent heartbeat', this.beatForEver());
    kernel.launch(this, 'agent timer', this.reconcileForEver());
    kernel.launch(this, 'agent looks', this.lookForEver());
    if (this.isLinked) this.up();
  }

  cutLink(us: number): void {
    if (!this.isLinked) return;
    this.isLinked = false;
    this.around.kernel.in(us, () => {
      this.isLinked = true;
      if (this.isUp) this.up();
    });
  }

  /** What only this agent can have said. */
  get truths(): ReadonlySet<string> {
    return this.outbox.truths;
  }

  get machines(): ReadonlyMap<string, { readonly phase: string; readonly generation: number }> {
    return this.state.machines;
  }

  private get now(): bigint {
    return this.around.kernel.nowOf(this);
  }

  private up(): void {
    const { kernel, broker } = this.around;
    broker.connected(this);
    this.outbox.wake();
    this.beat();
    kernel.launch(this, 'agent reconciles', this.reconcile(true));
    kernel.launch(this, 'agent looks again', this.lookAgain());
  }

  private *lookAgain(): Process {
    yield SECOND_LOOK;
    yield* this.reconcile(false);
  }

  private newWorker(): Worker {
    const { backend, rules, publicKey } = this.options;
    return new Worker({
      kernel: this.around.kernel,
      rules,
      backend,
      marks: { environment: 'simulation', agent: publicKey.slice(0, 16) },
      maxParallelProvisions: 3,
      now: () => this.now,
      records: () => this.state.machines,
      write: (entries) => this.write(entries),
      draft: (body) => this.outbox.draft(body),
      sendOnce: (body) => this.outbox.sendLossy(body),
      repeat: (eventId) => this.outbox.repeat(eventId),
      wake: () => this.outbox.wake(),
      seen: (what) => this.around.recorder.seen(what),
    });
  }

  // ---- journal -----------------------------------------------------------------------------------

  private *write(entries: readonly JournalEntry[]): Process {
    yield this.around.kernel.random.int(200, 3 * MS);
    this.lines.push([...entries]);
    for (const entry of entries) this.state.apply(entry);
    yield this.around.kernel.random.int(50, 500);
  }

  // ---- commands ----------------------------------------------------------------------------------

  private *obey({ body }: Message): Process<Verdict> {
    const command = body as AgentCommand;
    if (
      !isSignedBy(PLATFORM_KEY, command) ||
      command.agentPublicKey !== this.options.publicKey ||
      !command.machine
    ) {
      return { verdict: 'dead', error: new Error('command refused') };
    }
    const { machine, commandId } = command;
    try {
      const eventId = yield* this.worker.carryOut({ machine, commandId, repeatResult: true });
      if (eventId !== undefined) yield* this.outbox.whenSent(eventId);
      return { verdict: 'done' };
    } catch (error) {
      if (!(error instanceof PublishFailedError))
        this.around.kernel.report(error, `${this.name} on a command`);
      return { verdict: 'again', afterUs: REDELIVER };
    }
  }

  // ---- heartbeats --------------------------------------------------------------------------------

  private *beatForEver(): Process {
    for (;;) {
      yield HEARTBEAT;
      this.beat();
      if (!this.isLinked) yield* this.worker.enforceEndings(false);
    }
  }

  private beat(): void {
    const { kernel, faults, broker } = this.around;
    const { backend, platform, publicKey, account, rules } = this.options;
    if (!this.isLinked || broker.isDown || faults.hits('heartbeat-lost', this.name)) return;
    const activeContracts = [...this.state.machines.values()].filter(rules.takesPlace).length;
    const beat = this.key.sign({
      v: 1 as const,
      agentPublicKey: publicKey,
      atNs: this.now.toString(),
      version: '0.0.0',
      provisionerTypes: ['simulated'],
      activeContracts,
      freeSlots: Math.max(0, backend.capacity - Math.max(backend.machines.size, activeContracts)),
    });
    kernel.in(kernel.random.int(MS, 20 * MS), () => {
      if (platform.isUp) platform.hearHeartbeat(account, beat);
    });
  }

  // ---- reconciling -------------------------------------------------------------------------------

  private *reconcileForEver(): Process {
    for (;;) {
      yield RECONCILE;
      yield* this.reconcile(false);
    }
  }

  /** Whether the machines that are paid for run: changes are told, and what was stopped is started again. */
  private *lookForEver(): Process {
    const { rules, backend, mutant } = this.options;
    let last = '';
    let times = 0;
    for (;;) {
      yield LOOK;
      const machines = yield* backend.list();
      const down = rules.downOf(this.state.machines.values(), machines, this.now);
      const seen = down.map(({ contractId, what }) => `${contractId} ${what}`).join();
      times = seen === last ? times + 1 : 0;
      last = seen;
      if (this.isLinked && (times < 5 || (seen !== '' && times % 2 === 0))) yield* this.report();
      for (const { contractId, what } of down) {
        if (what === 'stopped' && !mutant.leavesStopped) yield* this.worker.startAgain(contractId);
      }
    }
  }

  private *report(): Process {
    const machines = yield* this.observe();
    yield* this.outbox.sendLossy({ kind: 'observed', payload: { machines } });
  }

  /** One at a time; what comes meanwhile is one more afterwards. */
  private *reconcile(repeatResults: boolean): Process {
    if (this.isReconciling) {
      this.reconcileAgain = { repeatResults: repeatResults || this.reconcileAgain?.repeatResults === true };
      return;
    }
    this.isReconciling = true;
    let next: { repeatResults: boolean } | undefined = { repeatResults };
    while (next && this.isLinked) {
      this.reconcileAgain = undefined;
      yield* this.round(next.repeatResults);
      next = this.reconcileAgain;
    }
    this.isReconciling = false;
  }

  private *round(repeatResults: boolean): Process {
    const { kernel } = this.around;
    yield* this.report();
    const snapshot = yield* this.ask();
    if (!snapshot) return;
    for (const machine of snapshot.machines) {
      const command = { machine, repeatResult: repeatResults || machine.desired === 'absent' };
      kernel.launch(this, 'provider-agent follows a snapshot', this.follow(command));
    }
    const drift = this.options.rules.driftOf(snapshot.machines, yield* this.observe());
    for (const { what, externalId } of drift) {
      this.around.recorder.seen(`drift: ${what}`);
      const destroys = this.options.mutant.silenceDestroys && what === 'unwanted';
      if (destroys && externalId) yield* this.destroy(externalId);
    }
  }

  /** Of the mutant only. */
  private *destroy(externalId: string): Process {
    try {
      yield* this.options.backend.terminate(externalId);
    } catch (error) {
      if (!(error instanceof BackendFault)) throw error;
    }
  }

  private *follow(command: Parameters<Worker['carryOut']>[0]): Process {
    try {
      yield* this.worker.carryOut(command);
    } catch (error) {
      if (!(error instanceof PublishFailedError)) throw error;
    }
  }

  private *observe() {
    const machines = yield* this.options.backend.list();
    return machines.map(({ externalId, marks, power }) => ({
      externalId,
      power,
      contractId: marks.contractId,
      generation: marks.generation,
    }));
  }

  /** The newest snapshot, or nothing when there is none that is newer than the last. */
  private *ask(): Process<DesiredSnapshot | undefined> {
    const { random } = this.around.kernel;
    const { platform, publicKey, account } = this.options;
    for (let attempt = 1; attempt <= SNAPSHOT_ATTEMPTS && this.isLinked; attempt++) {
      try {
        const request = this.key.sign({ v: 1, agentPublicKey: publicKey, atNs: this.now.toString() });
        const snapshot = yield* platform.ask(this.name, SNAPSHOT_METHOD, () =>
          platform.snapshot(account, request),
        );
        if (!isSignedBy(PLATFORM_KEY, snapshot) || !this.isLinked) return undefined;
        const last = this.state.snapshot;
        if (last && BigInt(snapshot.atNs) < BigInt(last.atNs)) return undefined;
        yield* this.write([{ t: 'snapshot', atNs: snapshot.atNs, version: snapshot.version }]);
        return snapshot;
      } catch (error) {
        if ((error as Error).name !== 'Refusal') throw error;
        yield (250 + jitteredBackoffMs(attempt, () => random.next())) * MS;
      }
    }
    return undefined;
  }
}
