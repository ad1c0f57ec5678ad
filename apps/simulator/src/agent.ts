import { jitteredBackoffMs } from '@decent-cloud/kernel';
import {
  type AgentCommand,
  type AgentEvent,
  agentEvent,
  agentSubjects,
  type DesiredSnapshot,
  SNAPSHOT_METHOD,
} from '@decent-cloud/messages';
import {
  AgentState,
  type JournalEntry,
  type StoredEvent,
} from '../../provider-agent/src/domain/agent-state.ts';
import type { Agents } from './agents.ts';
import { type Backend, BackendFault } from './backend.ts';
import { type Message, PublishFailedError, type Verdict } from './broker.ts';
import { Future, MINUTE, MS, Node, type Process, SECOND, until } from './kernel.ts';
import type { Rules } from './rules.ts';
import type { Surroundings } from './service.ts';
import { type Signed, SigningKey } from './signing.ts';
import { type EventBody, Worker } from './worker.ts';

const HEARTBEAT = 15 * SECOND;
const RECONCILE = 10 * MINUTE;
const SECOND_LOOK = 7 * SECOND;
const REDELIVER = 5 * SECOND;
const SNAPSHOT_ATTEMPTS = 3;
const NO_SIG = '0'.repeat(128);

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
  /** Takes what a snapshot does not name as an order to destroy it. */
  readonly silenceDestroys: boolean;
}

/** The program at a provider's: journal, worker, outbox, reconciler, and a link that may be cut. */
export class Agent extends Node {
  /** What only this agent can have said. */
  readonly truths = new Set<string>();
  override readonly longOutages = 0.3;
  private isLinked = true;
  private lines: JournalEntry[][] = [];
  private state = new AgentState();
  private worker!: Worker;
  private awake = new Future<void>();
  private sending = new Map<string, Future<void>>();
  private seq = 0;
  private isReconciling = false;
  private reconcileAgain: { repeatResults: boolean } | undefined;
  private readonly key: SigningKey;

  constructor(
    readonly options: AgentOptions,
    private readonly around: Surroundings,
  ) {
    super(`agent ${options.backend.capacity}:${options.publicKey.slice(0, 4)}`, options.skewUs);
    this.key = new SigningKey(options.publicKey);
    const { account } = options;
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
    this.seq = this.state.seqUpTo;
    this.sending = new Map();
    this.isReconciling = false;
    this.reconcileAgain = undefined;
    this.worker = this.newWorker();
    for (const record of this.state.machines.values()) {
      if (record.phase === 'removing') {
        kernel.launch(this, 'provider-agent resumes a removal', this.worker.resumeRemoval(record));
      }
    }
    kernel.launch(this, 'agent outbox', this.sendForEver());
    kernel.launch(this, 'agent heartbeat', this.beatForEver());
    kernel.launch(this, 'agent timer', this.reconcileForEver());
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

  get machines(): ReadonlyMap<string, { readonly phase: string; readonly generation: number }> {
    return this.state.machines;
  }

  private get now(): bigint {
    return this.around.kernel.nowOf(this);
  }

  private up(): void {
    const { kernel, broker } = this.around;
    broker.connected(this);
    this.awake.resolve();
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
      draft: (body) => this.draft(body),
      sendOnce: (body) => this.sendLossy(body),
      repeat: (eventId) => this.repeat(eventId),
      wake: () => this.awake.resolve(),
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

  // ---- events ------------------------------------------------------------------------------------

  private sign(body: EventBody): AgentEvent {
    const event = {
      v: 1 as const,
      eventId: this.around.kernel.random.uuid(),
      agentPublicKey: this.options.publicKey,
      seq: ++this.seq,
      atNs: this.now.toString(),
      sig: NO_SIG,
      ...body,
    };
    this.truths.add(event.eventId);
    return agentEvent.parse(event);
  }

  private draft(body: EventBody): { eventId: string; entry: JournalEntry } {
    const event = this.sign(body);
    const { eventId, kind, seq } = event;
    return { eventId, entry: { t: 'event', eventId, kind, seq, text: JSON.stringify(event) } };
  }

  /** @throws PublishFailedError when the broker has not confirmed it */
  private *publish(event: AgentEvent): Process {
    if (!this.isLinked) throw new PublishFailedError('not connected');
    const subject = agentSubjects.event(this.options.account, event.kind);
    this.around.recorder.said(subject);
    yield* this.around.broker.publish(subject, event.eventId, this.key.sign(event));
  }

  /** A step or a report that is not heard of is no loss: the next one comes. */
  private *sendLossy(body: EventBody): Process {
    try {
      yield* this.publish(this.sign(body));
    } catch (error) {
      if (!(error instanceof PublishFailedError)) throw error;
    }
  }

  private *repeat(eventId: string): Process {
    const event = this.state.events.get(eventId);
    if (!event) return;
    if (event.sent) yield* this.publish(JSON.parse(event.text) as AgentEvent);
    else yield* this.whenSent(eventId);
  }

  private *whenSent(eventId: string): Process {
    const event = this.state.events.get(eventId);
    if (!event || event.sent) return;
    const known = this.sending.get(eventId) ?? new Future<void>();
    this.sending.set(eventId, known);
    yield* until(known);
  }

  private *sendForEver(): Process {
    const { random } = this.around.kernel;
    for (let failures = 0; ; ) {
      this.awake = new Future();
      const { awake } = this;
      const failed = yield* this.sendAll();
      failures = failed ? failures + 1 : 0;
      if (!failed) yield* until(awake);
      else yield (100 + jitteredBackoffMs(failures, () => random.next(), 200, 15_000)) * MS;
    }
  }

  private *sendAll(): Process<boolean> {
    for (const event of this.state.pending()) if (!(yield* this.send(event))) return true;
    return false;
  }

  private *send({ eventId, text }: StoredEvent): Process<boolean> {
    try {
      yield* this.publish(JSON.parse(text) as AgentEvent);
    } catch (error) {
      if (!(error instanceof PublishFailedError)) throw error;
      return false;
    }
    yield* this.write([{ t: 'sent', eventId }]);
    this.sending.get(eventId)?.resolve();
    this.sending.delete(eventId);
    return true;
  }

  // ---- commands ----------------------------------------------------------------------------------

  private *obey({ body }: Message): Process<Verdict> {
    const { message: command, signedBy } = body as Signed<AgentCommand>;
    if (signedBy !== 'platform' || command.agentPublicKey !== this.options.publicKey || !command.machine) {
      return { verdict: 'dead', error: new Error('command refused') };
    }
    const { machine, commandId } = command;
    try {
      const eventId = yield* this.worker.carryOut({ machine, commandId, repeatResult: true });
      if (eventId !== undefined) yield* this.whenSent(eventId);
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
    const machines = yield* this.observe();
    yield* this.sendLossy({ kind: 'observed', payload: { machines } });
    const snapshot = yield* this.ask();
    if (!snapshot) return;
    for (const machine of snapshot.machines) {
      const order = { machine, repeatResult: repeatResults || machine.desired === 'absent' };
      kernel.launch(this, 'provider-agent follows a snapshot', this.follow(order));
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

  private *follow(order: Parameters<Worker['carryOut']>[0]): Process {
    try {
      yield* this.worker.carryOut(order);
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
  private *ask(): Process<Omit<DesiredSnapshot, 'sig'> | undefined> {
    const { random } = this.around.kernel;
    const { platform, publicKey } = this.options;
    for (let attempt = 1; attempt <= SNAPSHOT_ATTEMPTS && this.isLinked; attempt++) {
      try {
        const { message: snapshot, signedBy } = yield* platform.ask(this.name, SNAPSHOT_METHOD, () =>
          platform.snapshot(publicKey),
        );
        if (signedBy !== 'platform' || !this.isLinked) return undefined;
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
