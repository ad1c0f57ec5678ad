import { secondsToNs } from '@decent-cloud/kernel';
import {
  type AgentEvent,
  type AgentHeartbeat,
  consumers,
  type DesiredSnapshot,
  type FactPayload,
  facts,
} from '@decent-cloud/messages';
import { AgentEventHandler, DisbelievedError } from './agent-reports.ts';
import type { Assignment, Machine } from './agents-rows.ts';
import type { Message, Verdict } from './broker.ts';
import { AGENT_LIMITS, Coordinator, type CoordinatorMutations } from './coordinator.ts';
import { DatabaseAwayError, type Transaction } from './database.ts';
import { type Flows, modelledReactions } from './flows.ts';
import type { Process } from './kernel.ts';
import { SECOND } from './kernel.ts';
import type { Rules } from './rules.ts';
import { Service, type Surroundings } from './service.ts';
import { type Signed, SigningKey } from './signing.ts';

const FRESH_SECONDS = 300;
const NEVER_DOWN = { availabilityVersion: 0, downSinceNs: null, downNs: 0n };

/** The service of coordinator and agents' wire. */
export class Agents extends Service {
  readonly platformKey = new SigningKey('platform');
  readonly coordinator: Coordinator;
  private readonly reports: AgentEventHandler;
  readonly disbelieved = new Map<string, number>();
  /** Told of every event of an agent that took effect. */
  onBelieved: (event: AgentEvent) => void = () => undefined;

  constructor(
    around: Surroundings,
    skewUs: number,
    private readonly rules: Rules['agents'],
    mutant: CoordinatorMutations,
  ) {
    super('agents', skewUs, around);
    this.coordinator = new Coordinator(rules, this.platformKey, around.kernel.random, mutant);
    this.reports = new AgentEventHandler(this.coordinator, rules, around.recorder);
    this.readFacts('agents');
    const declaration = consumers['agent-events'];
    around.broker.addReader({
      ...declaration,
      node: this,
      isConnected: () => true,
      wants: () => true,
      handle: (message) => this.hear(message),
      doing: ({ subject }) => `agents on event ${subject.split('.')[4]}`,
    });
  }

  protected flows(): Flows {
    const everySeconds = AGENT_LIMITS.COORDINATOR_EVERY_SECONDS;
    return {
      reactions: modelledReactions(
        new Map<string, (fact: never, tx: Transaction) => void>([
          [
            facts.contractAccepted.subject,
            (fact: FactPayload<typeof facts.contractAccepted>, tx: Transaction) => this.accepted(fact, tx),
          ],
          [
            facts.contractEnded.subject,
            (fact: FactPayload<typeof facts.contractEnded>, tx: Transaction) => this.ended(fact, tx),
          ],
          [
            facts.machineWantedAgain.subject,
            (fact: FactPayload<typeof facts.machineWantedAgain>, tx: Transaction) =>
              this.wantedAgain(fact, tx),
          ],
          [
            facts.paidTimeChanged.subject,
            ({ contractId, version, endsAtNs }: FactPayload<typeof facts.paidTimeChanged>, tx: Transaction) =>
              this.coordinator.paidTimeChanged(tx, contractId, version, endsAtNs),
          ],
        ]),
      ),
      sweeps: [
        { name: 'drive-assignments', everySeconds, sweep: () => this.driveAssignments() },
        { name: 'repeat-removals', everySeconds, sweep: () => this.repeatRemovals() },
      ],
    };
  }

  private accepted(fact: FactPayload<typeof facts.contractAccepted>, tx: Transaction): void {
    const { coordinator } = this;
    const { contractId, providerPublicKey, datacenterCountry, spec, encryptionPublicKeys, deadlineNs } = fact;
    if (coordinator.assignments.get(contractId)) return;
    const assignment: Assignment = {
      contractId,
      state: 'waiting',
      generation: 0,
      providerPublicKey,
      agentPoolId: fact.agentPoolId ?? null,
      datacenterCountry,
      spec,
      encryptionPublicKeys,
      deadlineNs,
      waitingSinceNs: tx.now,
      retryAgent: null,
      dueAtNs: tx.now,
      removedAtNs: null,
      endsAtNs: null,
      paidTimeVersion: 0,
      ...NEVER_DOWN,
    };
    tx.put(coordinator.assignments, contractId, assignment);
    coordinator.nextDueNs = null;
    coordinator.assign(tx, assignment);
  }

  private ended({ contractId, ...fact }: FactPayload<typeof facts.contractEnded>, tx: Transaction): void {
    const { coordinator } = this;
    const assignment = coordinator.assignments.get(contractId);
    if (!assignment) {
      const never = {
        generation: 0,
        agentPoolId: null,
        datacenterCountry: '',
        spec: { offeringId: '', sshPublicKeys: [] },
        encryptionPublicKeys: [],
        deadlineNs: 0n,
        waitingSinceNs: null,
        retryAgent: null,
        dueAtNs: null,
        removedAtNs: null,
        endsAtNs: null,
        paidTimeVersion: 0,
        ...NEVER_DOWN,
      };
      const { providerPublicKey } = fact;
      tx.put(coordinator.assignments, contractId, {
        contractId,
        state: 'ended',
        providerPublicKey,
        ...never,
      });
      return;
    }
    if (assignment.state === 'ended') return;
    const ended = { ...assignment, state: 'ended' as const };
    coordinator.change(tx, contractId, { state: 'ended', dueAtNs: null, retryAgent: null });
    for (const machine of coordinator.machines(contractId)) {
      if (machine.desired === 'running') coordinator.commandRemoval(tx, machine);
      else if (machine.state === 'gone' && machine.generation === assignment.generation) {
        coordinator.sayRemoved(tx, ended, machine);
      }
    }
  }

  private wantedAgain(
    { contractId, generation, deadlineNs }: FactPayload<typeof facts.machineWantedAgain>,
    tx: Transaction,
  ): void {
    const { coordinator } = this;
    const assignment = coordinator.assignments.get(contractId);
    if (assignment?.state !== 'provisioned' || assignment.generation !== generation) return;
    const machine = coordinator.machines(contractId).find((one) => one.generation === generation);
    if (machine?.availability !== 'lost' || machine.desired !== 'running') return;
    this.around.recorder.seen('machine made again');
    coordinator.change(tx, contractId, { deadlineNs });
    coordinator.close(tx, machine, 'lost');
    coordinator.assign(tx, { ...assignment, state: 'waiting', waitingSinceNs: null, deadlineNs });
  }

  private *driveAssignments(): Process {
    const { now, coordinator } = this;
    if (coordinator.nextDueNs !== null && now < coordinator.nextDueNs) return;
    const waiting = [...coordinator.assignments.values()].filter(({ dueAtNs }) => dueAtNs !== null);
    coordinator.nextDueNs = earliest(waiting.map(({ dueAtNs }) => dueAtNs));
    for (const { contractId, dueAtNs } of waiting) {
      if (dueAtNs === null || dueAtNs > now) continue;
      yield* this.tolerant((tx) => {
        const assignment = coordinator.assignments.get(contractId) as Assignment;
        if (assignment.dueAtNs !== null && assignment.dueAtNs <= tx.now) coordinator.onDue(tx, assignment);
      });
    }
  }

  private *repeatRemovals(): Process {
    const { now, coordinator, rules } = this;
    if (coordinator.nextRemovalNs !== null && now < coordinator.nextRemovalNs) return;
    const orders = [...coordinator.machinesOf.values()].flat().filter(({ state }) => state !== 'gone');
    coordinator.nextRemovalNs = earliest(orders.map(({ nextCommandAtNs }) => nextCommandAtNs));
    const heardSince = now - secondsToNs(rules.ONLINE_SECONDS);
    for (const [contractId, machines] of [...coordinator.machinesOf.rows]) {
      const isDue = machines.some(
        (machine) =>
          rules.isRemovalDue(machine, now) &&
          (coordinator.agents.get(machine.agentPublicKey)?.lastHeartbeatNs ?? 0n) > heardSince,
      );
      if (!isDue) continue;
      yield* this.tolerant((tx) => {
        for (const machine of coordinator.machines(contractId)) {
          if (rules.isRemovalDue(machine, tx.now)) coordinator.commandRemoval(tx, machine);
        }
      });
    }
  }

  /** One that fails must not hold up the others; it stays due. */
  private *tolerant(body: (tx: Transaction) => void): Process {
    try {
      yield* this.transaction(body);
    } catch (error) {
      if (!(error instanceof DatabaseAwayError)) throw error;
    }
  }

  // ---- what agents say ---------------------------------------------------------------------------

  /** Beats that are heard are written some time later; a crash in between loses them. */
  hearHeartbeat(account: string, { message, signedBy }: Signed<Omit<AgentHeartbeat, 'sig'>>): void {
    const { kernel } = this.around;
    const heardAtNs = this.now;
    const agent = this.coordinator.agents.get(message.agentPublicKey);
    if (this.rules.whyDisbelieved(this.known(agent), account, () => signedBy === message.agentPublicKey))
      return;
    const distanceNs = heardAtNs - BigInt(message.atNs);
    if (distanceNs > secondsToNs(FRESH_SECONDS) || -distanceNs > secondsToNs(FRESH_SECONDS)) return;
    kernel.launch(this, 'write heartbeats', this.writeHeartbeat(message, heardAtNs));
  }

  private *writeHeartbeat(beat: Omit<AgentHeartbeat, 'sig'>, heardAtNs: bigint): Process {
    yield this.around.kernel.random.int(0, 2 * SECOND);
    const { agents } = this.coordinator;
    const agent = agents.get(beat.agentPublicKey);
    if (!agent || (agent.lastHeartbeatNs ?? 0n) >= heardAtNs) return;
    agents.rows.set(beat.agentPublicKey, {
      ...agent,
      lastHeartbeatNs: heardAtNs,
      provisionerTypes: beat.provisionerTypes,
      activeContracts: beat.activeContracts,
      freeSlots: beat.freeSlots,
    });
  }

  /** Everything that an agent shall have. */
  *snapshot(agentPublicKey: string): Process<Signed<Omit<DesiredSnapshot, 'sig'>>> {
    yield this.around.kernel.random.int(200, 3_000);
    const { coordinator, rules } = this;
    const listed = this.machinesOfAgent(agentPublicKey);
    // What is not listed is no command: the real list has a limit, too.
    const isCut = this.around.faults.hits('snapshot-cut', agentPublicKey.slice(0, 8));
    const machines = (isCut ? listed.filter(() => this.around.kernel.random.chance(0.5)) : listed)
      .sort((a, b) => (a.desired < b.desired ? -1 : a.desired > b.desired ? 1 : 0))
      .map((machine) => {
        const assignment = coordinator.assignments.get(machine.contractId) as Assignment;
        return machine.desired === 'running'
          ? rules.desiredRunning(assignment, machine.generation)
          : rules.desiredAbsent(machine, assignment.deadlineNs);
      });
    return this.platformKey.sign({
      v: 1,
      agentPublicKey,
      version: String(coordinator.agents.get(agentPublicKey)?.desiredVersion ?? 0n),
      atNs: this.now.toString(),
      machines,
    });
  }

  private machinesOfAgent(agentPublicKey: string): Machine[] {
    return [...this.coordinator.machinesOf.values()].flatMap((machines) =>
      machines.filter((machine) => machine.agentPublicKey === agentPublicKey && machine.state !== 'gone'),
    );
  }

  private known(agent: { accountPublicKey: string } | undefined) {
    return agent && { accountPublicKey: agent.accountPublicKey, isActive: true };
  }

  private *hear({ subject, body }: Message): Process<Verdict> {
    const { message: event, signedBy } = body as Signed<AgentEvent>;
    const { agentPublicKey, eventId } = event;
    yield this.around.kernel.random.int(200, 1_500);
    const agent = this.coordinator.agents.get(agentPublicKey);
    const account = subject.split('.')[3] ?? '';
    const why = this.rules.whyDisbelieved(this.known(agent), account, () => signedBy === agentPublicKey);
    if (why) return this.disbelieve(why);
    try {
      yield* this.transaction((tx) => {
        if (!tx.receiveOnce('agent-events', `${agentPublicKey}:${eventId}`)) return;
        this.reports.apply(tx, event);
        this.onBelieved(event);
      });
      return { verdict: 'done' };
    } catch (error) {
      if (error instanceof DisbelievedError) return this.disbelieve(error.message);
      if (error instanceof DatabaseAwayError) return { verdict: 'pause', error };
      this.around.kernel.report(error, `agents on event ${event.kind}`);
      return { verdict: 'retry', error };
    }
  }

  private disbelieve(why: string): Verdict {
    this.disbelieved.set(why, (this.disbelieved.get(why) ?? 0) + 1);
    return { verdict: 'dead', error: new DisbelievedError(why) };
  }
}

const NEVER_NS = 2n ** 63n - 1n;
const earliest = (times: readonly (bigint | null)[]): bigint =>
  times.reduce<bigint>((first, at) => (at !== null && at < first ? at : first), NEVER_NS);
