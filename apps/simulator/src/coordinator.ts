import { secondsToNs } from '@decent-cloud/kernel';
import { type AgentCommand, agentSubjects, type DesiredMachine, facts } from '@decent-cloud/messages';
import type { MachineAvailability } from '@decent-cloud/messages/words';
import type { Attempt, Outcome } from '../../agents/src/coordination/assignment/domain/attempt.ts';
import type { NextStanding } from '../../agents/src/coordination/availability/domain/availability.ts';
import type { Candidate } from '../../agents/src/coordination/choosing/domain/choose-agent.ts';
import type { AgentRow, Assignment, Machine } from './agents-rows.ts';
import { Table, type Transaction } from './database.ts';
import type { Random } from './random.ts';
import type { Rules } from './rules.ts';
import type { SigningKey } from './signing.ts';

export const AGENT_LIMITS = {
  AGENT_WAIT_SECONDS: 120,
  CLAIM_TIMEOUT_SECONDS: 30,
  AGENT_TAKEOVER_SECONDS: 60,
  REMOVAL_REPEAT_SECONDS: 15,
  COORDINATOR_EVERY_SECONDS: 2,
};
export const PATIENCE = { lostAfterNs: secondsToNs(300), allLostAfterNs: secondsToNs(900) };
/** As long as the stream of commands keeps them. */
const COMMAND_LIFE_SECONDS = 86_400;
type FailureReason = 'NO_AGENT_AVAILABLE' | 'PROVISIONING_FAILED' | 'PROVISIONING_TIMEOUT';

const attemptsOf = (machines: readonly Machine[]): Attempt[] =>
  machines.map(({ agentPublicKey, outcome, settledAtNs }) => ({ agentPublicKey, outcome, settledAtNs }));

export interface CoordinatorMutations {
  readonly commandsNoRemovals: boolean;
}

/** Who makes which machine: every method works in the caller's transaction. */
export class Coordinator {
  readonly agents = new Table<string, AgentRow>();
  readonly assignments = new Table<string, Assignment>();
  readonly machinesOf = new Table<string, readonly Machine[]>();
  /** No sweep finds anything before these times; null: not known since the last change. */
  nextDueNs: bigint | null = null;
  nextRemovalNs: bigint | null = null;
  readonly pools: { poolId: string; location: string; provisionerType: string; providerPublicKey: string }[] =
    [];

  constructor(
    readonly rules: Rules['agents'],
    private readonly platformKey: SigningKey,
    private readonly random: Random,
    private readonly mutant: CoordinatorMutations,
  ) {}

  machines(contractId: string): readonly Machine[] {
    return this.machinesOf.get(contractId) ?? [];
  }

  change(tx: Transaction, contractId: string, changes: Partial<Assignment>): void {
    const assignment = this.assignments.get(contractId) as Assignment;
    this.nextDueNs = null;
    tx.put(this.assignments, contractId, { ...assignment, ...changes });
  }

  changeMachine(tx: Transaction, { contractId, generation }: Machine, changes: Partial<Machine>): void {
    const machines = this.machines(contractId).map((machine) =>
      machine.generation === generation ? { ...machine, ...changes, updatedAtNs: tx.now } : machine,
    );
    this.nextRemovalNs = null;
    tx.put(this.machinesOf, contractId, machines);
    if (changes.desired !== undefined || changes.state === 'gone') {
      this.raiseVersion(tx, machines.find((one) => one.generation === generation) as Machine);
    }
  }

  private raiseVersion(tx: Transaction, { agentPublicKey }: Pick<Machine, 'agentPublicKey'>): void {
    const agent = this.agents.get(agentPublicKey) as AgentRow;
    tx.put(this.agents, agentPublicKey, { ...agent, desiredVersion: agent.desiredVersion + 1n });
  }

  /** The best agent gets the contract with a new generation; without one it goes on waiting, or has failed. */
  assign(tx: Transaction, assignment: Assignment): void {
    const { now } = tx;
    if (now >= assignment.deadlineNs) {
      this.giveUp(tx, assignment);
      return;
    }
    const agent = this.choose(assignment, now);
    if (agent) {
      this.offer(tx, assignment, agent);
      return;
    }
    const step = this.rules.withoutAgent(assignment, now, AGENT_LIMITS);
    if (step.next === 'wait') this.change(tx, assignment.contractId, step.change);
    else this.giveUp(tx, assignment);
  }

  private giveUp(tx: Transaction, assignment: Assignment): void {
    const { reason, message } = this.rules.whyNobody(attemptsOf(this.machines(assignment.contractId)));
    this.fail(tx, assignment, reason, message);
  }

  private choose(assignment: Assignment, now: bigint): Candidate | undefined {
    const { contractId, retryAgent, spec } = assignment;
    const wanted = { provisionerType: spec.provisionerType, retryAgent };
    const attempts = attemptsOf(this.machines(contractId));
    return this.rules.chooseAgent(this.candidates(assignment), attempts, wanted, now);
  }

  isAnyoneLeft(assignment: Assignment, now: bigint): boolean {
    const attempts = attemptsOf(this.machines(assignment.contractId));
    const { provisionerType } = assignment.spec;
    return this.rules.isAnyoneLeft(this.candidates(assignment), attempts, { provisionerType }, now);
  }

  private candidates(assignment: Assignment): Candidate[] {
    const { agentPoolId, datacenterCountry, spec, providerPublicKey } = assignment;
    const { provisionerType } = spec;
    const own = this.pools.filter((pool) => pool.providerPublicKey === providerPublicKey);
    const poolIds = this.rules.choosePools(own, { agentPoolId, datacenterCountry, provisionerType });
    return [...this.agents.values()]
      .filter((agent) => poolIds.includes(agent.poolId) && agent.lastHeartbeatNs !== null)
      .map((agent) => ({ ...agent, offeredSince: this.offeredSince(agent) }));
  }

  private offeredSince({ agentPublicKey, lastHeartbeatNs }: AgentRow): number {
    let count = 0;
    for (const machines of this.machinesOf.values()) {
      for (const machine of machines) {
        const isOpen = machine.state === 'offered' || machine.state === 'claimed';
        if (machine.agentPublicKey !== agentPublicKey || !isOpen || machine.desired !== 'running') continue;
        if (machine.offeredAtNs >= (lastHeartbeatNs ?? 0n)) count++;
      }
    }
    return count;
  }

  private offer(tx: Transaction, assignment: Assignment, agent: Candidate): void {
    const { contractId, deadlineNs } = assignment;
    const { agentPublicKey, accountPublicKey } = agent;
    const change = this.rules.offered(assignment, tx.now, AGENT_LIMITS);
    const { generation } = change;
    const machine: Machine = {
      contractId,
      generation,
      agentPublicKey,
      desired: 'running',
      state: 'offered',
      outcome: null,
      externalId: null,
      settledAtNs: null,
      absentSinceNs: null,
      commandsGiven: 0,
      nextCommandAtNs: null,
      lostAtNs: null,
      availability: 'up',
      instance: null,
      offeredAtNs: tx.now,
      madeByPolling: false,
      updatedAtNs: tx.now,
    };
    tx.put(this.machinesOf, contractId, [...this.machines(contractId), machine]);
    this.raiseVersion(tx, machine);
    this.change(tx, contractId, change);
    const said = { contractId, generation, agentPublicKey, atNs: tx.now };
    tx.say({ declaration: facts.machineAssigned, payload: said });
    if (accountPublicKey === null) throw new Error(`${agentPublicKey} has no account`);
    const desired = this.rules.desiredRunning(assignment, generation);
    this.give(tx, 'provision', agentPublicKey, accountPublicKey, desired, deadlineNs);
  }

  /** The agent is told until when its machine is paid for; the newest word counts. */
  paidTimeChanged(tx: Transaction, contractId: string, version: number, endsAtNs: bigint): void {
    const known = this.assignments.get(contractId);
    if (!known || known.paidTimeVersion >= version) return;
    this.change(tx, contractId, { endsAtNs, paidTimeVersion: version });
    const assignment = { ...known, endsAtNs };
    const machine = this.machines(contractId).find(({ generation }) => generation === known.generation);
    if (known.state !== 'provisioned' || machine?.desired !== 'running') return;
    const { agentPublicKey } = machine;
    const { accountPublicKey } = this.agents.get(agentPublicKey) as AgentRow;
    const desired = this.rules.desiredRunning(assignment, known.generation);
    const deadlineNs = tx.now + secondsToNs(COMMAND_LIFE_SECONDS);
    this.give(tx, 'provision', agentPublicKey, accountPublicKey, desired, deadlineNs);
  }

  /** Signed, in the transaction of the decision. */
  private give(
    tx: Transaction,
    kind: 'provision' | 'terminate',
    agentPublicKey: string,
    account: string,
    machine: DesiredMachine,
    deadlineNs: bigint,
  ): void {
    const commandId = this.random.uuid();
    const command: Omit<AgentCommand, 'sig'> = {
      v: 1,
      commandId,
      kind,
      agentPublicKey,
      issuedAtNs: tx.now.toString(),
      deadlineNs: deadlineNs.toString(),
      machine,
    };
    const subject = agentSubjects.command(account, kind);
    tx.enqueue({ id: commandId, subject, body: this.platformKey.sign(command) });
  }

  /** What was waited for has not come, or it is time to look. */
  onDue(tx: Transaction, assignment: Assignment): void {
    const { contractId } = assignment;
    const { now } = tx;
    const machine = this.machines(contractId).find(({ generation }) => generation === assignment.generation);
    const step = this.rules.dueStep(assignment, machine !== undefined, now);
    if (step === 'assign') this.assign(tx, assignment);
    else if (step === 'forget' || !machine) this.change(tx, contractId, { dueAtNs: null });
    else if (step === 'replace-unclaimed') this.replace(tx, assignment, machine, 'unclaimed');
    else if (step === 'time-out') {
      this.close(tx, machine, 'timeout');
      this.fail(tx, assignment, 'PROVISIONING_TIMEOUT', 'the machine was not ready in time');
    } else if (this.canTakeOver(assignment, machine, now)) this.replace(tx, assignment, machine, 'silent');
    else this.change(tx, contractId, { dueAtNs: this.rules.watchAt(assignment, now) });
  }

  private canTakeOver(assignment: Assignment, { agentPublicKey }: Machine, now: bigint): boolean {
    const silenceNs = now - (this.agents.get(agentPublicKey)?.lastHeartbeatNs ?? 0n);
    if (silenceNs < secondsToNs(AGENT_LIMITS.AGENT_TAKEOVER_SECONDS)) return false;
    const other = this.choose(assignment, now);
    return other !== undefined && other.agentPublicKey !== agentPublicKey;
  }

  private replace(tx: Transaction, assignment: Assignment, machine: Machine, outcome: Outcome): void {
    this.close(tx, machine, outcome);
    this.assign(tx, { ...assignment, state: 'waiting', waitingSinceNs: null });
  }

  /** This attempt is over: whatever there is of it is to go. */
  close(tx: Transaction, machine: Machine, outcome: Outcome): void {
    this.changeMachine(tx, machine, this.rules.attemptClosed(outcome, tx.now));
    this.commandRemoval(tx, machine);
  }

  /** Nobody will make this machine any more. */
  fail(
    tx: Transaction,
    { contractId, generation }: Assignment,
    reason: FailureReason,
    message: string,
    agentPublicKey?: string,
  ): void {
    this.change(tx, contractId, { state: 'failed', dueAtNs: null, retryAgent: null, waitingSinceNs: null });
    tx.say({
      declaration: facts.provisioningFailed,
      payload: {
        contractId,
        generation: Math.max(generation, 1),
        ...(agentPublicKey === undefined ? {} : { agentPublicKey }),
        reason,
        message,
        atNs: tx.now,
      },
    });
  }

  /** The same agent again, later, or another one at once. */
  tryAgain(
    tx: Transaction,
    assignment: Assignment,
    retry: { readonly agentPublicKey: string; readonly afterSeconds: number } | undefined,
  ): void {
    if (!retry) this.assign(tx, { ...assignment, state: 'waiting', waitingSinceNs: null });
    else {
      const change = this.rules.retriedLater(retry.agentPublicKey, retry.afterSeconds, tx.now);
      this.change(tx, assignment.contractId, change);
    }
  }

  // ---- whether machines run ----------------------------------------------------------------------

  /** Keeps how a machine stands, and tells its contract. */
  stands(tx: Transaction, assignment: Assignment, machine: Machine, next: NextStanding): void {
    const { availability, lostAtNs, sinceNs } = next;
    if (availability === machine.availability && lostAtNs === machine.lostAtNs) return;
    this.changeMachine(tx, machine, { availability, lostAtNs });
    if (availability !== machine.availability) {
      this.sayAvailability(tx, assignment, machine, { availability, sinceNs });
    }
  }

  /** @param isAnother it is a machine of which its contract hears with `machine-provisioned`, not the one that was away */
  handedOver(tx: Transaction, assignment: Assignment, machine: Machine, isAnother: boolean): void {
    if (machine.availability !== 'up' || machine.lostAtNs !== null) {
      this.changeMachine(tx, machine, { availability: 'up', lostAtNs: null });
    }
    if (assignment.downSinceNs === null) return;
    const said = { availability: 'up', sinceNs: tx.now, ...(isAnother && { isAnother }) } as const;
    this.sayAvailability(tx, assignment, machine, said);
  }

  private sayAvailability(
    tx: Transaction,
    assignment: Assignment,
    { contractId, generation, agentPublicKey }: Machine,
    {
      sinceNs,
      ...said
    }: {
      readonly availability: MachineAvailability;
      readonly sinceNs: bigint;
      readonly isAnother?: true;
    },
  ): void {
    const { availability } = said;
    const time = this.rules.downTimeAfter(assignment, availability, sinceNs);
    this.change(tx, contractId, time);
    tx.say({
      declaration: facts.machineAvailabilityChanged,
      payload: {
        contractId,
        generation,
        agentPublicKey,
        version: time.availabilityVersion,
        ...said,
        sinceNs: time.downSinceNs ?? sinceNs,
        downNs: time.downNs,
        atNs: tx.now,
      },
    });
  }

  // ---- removals ----------------------------------------------------------------------------------

  /** From now on the machine is to be absent; its agent is told, the first time or again. */
  commandRemoval(tx: Transaction, machine: Machine): void {
    if (this.mutant.commandsNoRemovals) return;
    this.changeMachine(tx, machine, this.rules.removalCommanded(machine, tx.now, AGENT_LIMITS));
    const { agentPublicKey } = machine;
    const { accountPublicKey } = this.agents.get(agentPublicKey) as AgentRow;
    const deadlineNs = tx.now + secondsToNs(COMMAND_LIFE_SECONDS);
    const desired = this.rules.desiredAbsent(machine, deadlineNs);
    this.give(tx, 'terminate', agentPublicKey, accountPublicKey, desired, deadlineNs);
  }

  /** The agent has none of it any more. */
  confirmGone(tx: Transaction, assignment: Assignment, machine: Machine): void {
    this.changeMachine(tx, machine, { state: 'gone', nextCommandAtNs: null, lostAtNs: null });
    if (machine.generation === assignment.generation && assignment.state === 'ended') {
      this.sayRemoved(tx, assignment, machine);
    }
  }

  /** Said once for each contract that has ended, about the newest attempt at its machine. */
  sayRemoved(tx: Transaction, assignment: Assignment, machine: Machine): void {
    if (assignment.removedAtNs !== null) return;
    const { contractId, generation, agentPublicKey } = machine;
    this.change(tx, contractId, { removedAtNs: tx.now });
    tx.say({
      declaration: facts.machineRemoved,
      payload: { contractId, generation, agentPublicKey, atNs: tx.now },
    });
  }
}
