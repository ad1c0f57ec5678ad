import { facts } from '@decent-cloud/messages';
import { emitFact } from '@decent-cloud/outbox';
import type { Sql } from '@decent-cloud/postgres';
import { SETTINGS } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { Commands } from '../../commands/commands.ts';
import type { AgentsSettings } from '../../settings.ts';
import { AssignmentStore } from '../assignment/assignment.store.ts';
import { attemptsOf } from '../assignment/assignment-changes.ts';
import type { Outcome } from '../assignment/domain/attempt.ts';
import { portBefore } from '../assignment/domain/machine-address.ts';
import {
  attemptClosed,
  desiredRunning,
  dueStep,
  offered,
  retriedLater,
  settingNs,
  watchAt,
  whyNobody,
  withoutAgent,
} from '../assignment/domain/next-step.ts';
import type { Assignment, Machine } from '../assignment/rows.ts';
import type { AgentAtWork } from '../choosing/candidate.store.ts';
import { Candidates } from '../choosing/candidates.ts';
import { type Candidate, chooseAgent, isAnyoneLeft } from '../choosing/domain/choose-agent.ts';
import { hasLease, isGivenUp, keepsOffer, POLLING_CLAIM_SECONDS } from '../choosing/domain/polling.ts';
import { Removals } from '../removals/removals.ts';

type FailureReason = 'NO_AGENT_AVAILABLE' | 'PROVISIONING_FAILED' | 'PROVISIONING_TIMEOUT';

/** Gives contracts to agents. Every method runs in the caller's transaction, with the assignment locked. */
@Injectable()
export class Coordinator {
  constructor(
    private readonly store: AssignmentStore,
    private readonly candidates: Candidates,
    private readonly commands: Commands,
    private readonly removals: Removals,
    @Inject(SETTINGS) private readonly settings: AgentsSettings,
  ) {}

  /** The best agent gets the contract with a new generation; without one it goes on waiting, or has failed. */
  async assign(sql: Sql, assignment: Assignment, now: bigint): Promise<void> {
    const { contractId } = assignment;
    if (now >= assignment.deadlineNs) {
      return this.giveUp(sql, assignment, now);
    }
    const agent = await this.choose(sql, assignment, now);
    if (agent && (await this.candidates.hasRoom(sql, agent))) {
      return this.offer(sql, assignment, agent, now);
    }
    const step = withoutAgent(assignment, now, this.settings);
    if (step.next === 'wait') return this.store.change(sql, contractId, step.change, now);
    return this.giveUp(sql, assignment, now);
  }

  private async giveUp(sql: Sql, assignment: Assignment, now: bigint): Promise<void> {
    const { reason, message } = whyNobody(attemptsOf(await this.store.machines(sql, assignment.contractId)));
    return this.fail(sql, assignment, reason, message, now);
  }

  private async choose(sql: Sql, assignment: Assignment, now: bigint): Promise<Candidate | undefined> {
    const candidates = await this.candidates.of(sql, assignment, now);
    const attempts = attemptsOf(await this.store.machines(sql, assignment.contractId));
    const { retryAgent, spec } = assignment;
    return chooseAgent(candidates, attempts, { provisionerType: spec.provisionerType, retryAgent }, now);
  }

  /** Is it worth waiting for an agent: is there one that may yet make this machine? */
  async isAnyoneLeft(sql: Sql, assignment: Assignment, now: bigint): Promise<boolean> {
    const candidates = await this.candidates.of(sql, assignment, now);
    const attempts = attemptsOf(await this.store.machines(sql, assignment.contractId));
    return isAnyoneLeft(candidates, attempts, { provisionerType: assignment.spec.provisionerType }, now);
  }

  private async offer(sql: Sql, assignment: Assignment, agent: Candidate, now: bigint): Promise<void> {
    const { contractId } = assignment;
    const { agentPublicKey, polls } = agent;
    const limits = polls ? { ...this.settings, CLAIM_TIMEOUT_SECONDS: POLLING_CLAIM_SECONDS } : this.settings;
    const change = offered(assignment, now, limits);
    const { generation } = change;
    await this.store.insertMachine(sql, { contractId, generation, agentPublicKey }, now);
    await this.store.change(sql, contractId, change, now);
    await emitFact(sql, facts.machineAssigned, { contractId, generation, agentPublicKey, atNs: now }, now);
    await this.command(sql, assignment, generation, agent, now);
  }

  /** Not for an agent that polls: it would find the command again once it is connected to the broker. */
  private async command(
    sql: Sql,
    assignment: Assignment,
    generation: number,
    agent: Pick<Candidate, 'agentPublicKey' | 'accountPublicKey' | 'polls'>,
    now: bigint,
  ): Promise<void> {
    const { agentPublicKey, accountPublicKey: account, polls } = agent;
    if (polls || account === null) return;
    const { contractId, deadlineNs } = assignment;
    const before = portBefore(await this.store.machines(sql, contractId), agentPublicKey);
    const machine = desiredRunning(assignment, generation, before);
    await this.commands.give(sql, { kind: 'provision', agentPublicKey, account, machine, deadlineNs }, now);
  }

  /** What was waited for has not come, or it is time to look. */
  async onDue(sql: Sql, assignment: Assignment, now: bigint): Promise<void> {
    const { contractId } = assignment;
    const machines = await this.store.machines(sql, contractId);
    const machine = machines.find(({ generation }) => generation === assignment.generation);
    const step = dueStep(assignment, machine !== undefined, now);
    if (step === 'assign') return this.assign(sql, assignment, now);
    if (step === 'forget' || !machine) return this.store.change(sql, contractId, { dueAtNs: null }, now);
    const agent = await this.candidates.atWork(sql, machine);
    const isKept =
      step === 'replace-unclaimed' && (await this.standsAlone(sql, assignment, machine, agent, now));
    if (step === 'replace-unclaimed' && !isKept) {
      return this.replace(sql, assignment, machine, 'unclaimed', now);
    }
    if (step === 'time-out' || now >= assignment.deadlineNs) {
      await this.close(sql, machine, 'timeout', now);
      return this.fail(sql, assignment, 'PROVISIONING_TIMEOUT', 'the machine was not ready in time', now);
    }
    if (step === 'watch' && (await this.canTakeOver(sql, assignment, machine, agent, now))) {
      return this.replace(sql, assignment, machine, 'silent', now);
    }
    if (!agent.polls && machine.leaseExpiresAtNs !== null && !hasLease(machine, now)) {
      // It took this in hand while it polled, and is connected to the broker now.
      await this.store.changeMachine(sql, machine, { leaseExpiresAtNs: null }, now);
      await this.command(sql, assignment, machine.generation, agent, now);
    }
    await this.store.change(sql, contractId, { dueAtNs: watchAt(assignment, now) }, now);
  }

  /** A polling agent has not taken the contract yet, and there is nobody else. */
  private async standsAlone(
    sql: Sql,
    assignment: Assignment,
    machine: Machine,
    agent: AgentAtWork,
    now: bigint,
  ): Promise<boolean> {
    return agent.polls && keepsOffer(agent, now) && !(await this.hasOther(sql, assignment, machine, now));
  }

  /** The agent at work has been silent for long, and another one could do it. */
  private async canTakeOver(
    sql: Sql,
    assignment: Assignment,
    machine: Machine,
    { polls, lastHeartbeatNs }: AgentAtWork,
    now: bigint,
  ): Promise<boolean> {
    if (hasLease(machine, now)) return false;
    const silenceNs = now - (lastHeartbeatNs ?? 0n);
    const isSilent = polls
      ? isGivenUp(machine, lastHeartbeatNs, now)
      : silenceNs >= settingNs(this.settings.AGENT_TAKEOVER_SECONDS);
    return isSilent && (await this.hasOther(sql, assignment, machine, now));
  }

  private async hasOther(sql: Sql, assignment: Assignment, machine: Machine, now: bigint): Promise<boolean> {
    const other = await this.choose(sql, assignment, now);
    return other !== undefined && other.agentPublicKey !== machine.agentPublicKey;
  }

  private async replace(
    sql: Sql,
    assignment: Assignment,
    machine: Machine,
    outcome: Outcome,
    now: bigint,
  ): Promise<void> {
    await this.close(sql, machine, outcome, now);
    await this.assign(sql, { ...assignment, state: 'waiting', waitingSinceNs: null }, now);
  }

  /** This attempt is over: whatever there is of it is to go. */
  async close(sql: Sql, machine: Machine, outcome: Outcome, now: bigint): Promise<void> {
    await this.store.changeMachine(sql, machine, attemptClosed(outcome, now), now);
    await this.removals.command(sql, machine, now);
  }

  /** Nobody will make this machine any more. */
  async fail(
    sql: Sql,
    assignment: Assignment,
    reason: FailureReason,
    message: string,
    now: bigint,
    agentPublicKey?: string,
  ): Promise<void> {
    const { contractId, generation } = assignment;
    await this.store.change(
      sql,
      contractId,
      { state: 'failed', dueAtNs: null, retryAgent: null, waitingSinceNs: null, failureReason: reason },
      now,
    );
    await emitFact(
      sql,
      facts.provisioningFailed,
      {
        contractId,
        generation: Math.max(generation, 1),
        ...(agentPublicKey === undefined ? {} : { agentPublicKey }),
        reason,
        message: message.slice(0, 2_000),
        atNs: now,
      },
      now,
    );
  }

  /** Claimed: from now on the agent's life is watched. */
  watch(sql: Sql, assignment: Assignment, now: bigint): Promise<void> {
    const dueAtNs = watchAt(assignment, now);
    return this.store.change(sql, assignment.contractId, { state: 'claimed', dueAtNs }, now);
  }

  /** The same agent again, later, or another one at once. */
  async tryAgain(
    sql: Sql,
    assignment: Assignment,
    retry: { readonly agentPublicKey: string; readonly afterSeconds: number } | undefined,
    now: bigint,
  ): Promise<void> {
    if (!retry) return this.assign(sql, { ...assignment, state: 'waiting', waitingSinceNs: null }, now);
    const change = retriedLater(retry.agentPublicKey, retry.afterSeconds, now);
    await this.store.change(sql, assignment.contractId, change, now);
  }
}
