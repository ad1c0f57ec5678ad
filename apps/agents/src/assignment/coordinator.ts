import { secondsToNs } from '@decent-cloud/kernel';
import { type DesiredMachine, facts } from '@decent-cloud/messages';
import { emitFact } from '@decent-cloud/outbox';
import type { Sql } from '@decent-cloud/postgres';
import { SETTINGS } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { type AgentsSettings, settingNs } from '../settings.ts';
import { Orders } from '../wire/orders.ts';
import { type Assignment, AssignmentStore, attemptsOf, type Machine } from './assignment.store.ts';
import { Candidates } from './candidates.ts';
import type { Outcome } from './domain/attempt.ts';
import { type Candidate, chooseAgent } from './domain/choose-agent.ts';
import { Removals } from './removals.ts';

/** How often the life of an agent that is at work is looked at. */
const WATCH_SECONDS = 15;

type FailureReason = 'NO_AGENT_AVAILABLE' | 'PROVISIONING_FAILED' | 'PROVISIONING_TIMEOUT';

/** Gives contracts to agents. Every method runs in the caller's transaction, with the assignment locked. */
@Injectable()
export class Coordinator {
  constructor(
    private readonly store: AssignmentStore,
    private readonly candidates: Candidates,
    private readonly orders: Orders,
    private readonly removals: Removals,
    @Inject(SETTINGS) private readonly settings: AgentsSettings,
  ) {}

  /** The best agent gets the contract with a new generation; without one it goes on waiting, or has failed. */
  async assign(sql: Sql, assignment: Assignment, now: bigint): Promise<void> {
    const { contractId } = assignment;
    if (now >= assignment.deadlineNs) {
      return this.fail(sql, assignment, 'NO_AGENT_AVAILABLE', 'no agent took the contract in time', now);
    }
    const agent = await this.choose(sql, assignment, now);
    if (agent) return this.offer(sql, assignment, agent, now);
    const waitingSinceNs = assignment.waitingSinceNs ?? now;
    const giveUpAtNs = waitingSinceNs + settingNs(this.settings.AGENT_WAIT_SECONDS);
    if (now >= giveUpAtNs) {
      return this.fail(
        sql,
        assignment,
        'NO_AGENT_AVAILABLE',
        'no agent of the provider could take the contract',
        now,
      );
    }
    const dueAtNs = now + settingNs(this.settings.COORDINATOR_EVERY_SECONDS);
    await this.store.change(sql, contractId, { state: 'waiting', waitingSinceNs, dueAtNs }, now);
  }

  private async choose(sql: Sql, assignment: Assignment, now: bigint): Promise<Candidate | undefined> {
    const candidates = await this.candidates.of(sql, assignment, now);
    const attempts = attemptsOf(await this.store.machines(sql, assignment.contractId));
    const { retryAgent, spec } = assignment;
    return chooseAgent(candidates, attempts, { provisionerType: spec.provisionerType, retryAgent }, now);
  }

  private async offer(sql: Sql, assignment: Assignment, agent: Candidate, now: bigint): Promise<void> {
    const { contractId, deadlineNs } = assignment;
    const generation = assignment.generation + 1;
    const { agentPublicKey } = agent;
    await this.store.insertMachine(sql, { contractId, generation, agentPublicKey }, now);
    await this.store.change(
      sql,
      contractId,
      {
        state: 'offered',
        generation,
        retryAgent: null,
        waitingSinceNs: null,
        dueAtNs: now + settingNs(this.settings.CLAIM_TIMEOUT_SECONDS),
      },
      now,
    );
    const machine = desiredRunning(assignment, generation);
    const account = agent.accountPublicKey;
    await this.orders.give(sql, { kind: 'provision', agentPublicKey, account, machine, deadlineNs }, now);
  }

  /** What was waited for has not come, or it is time to look. */
  async onDue(sql: Sql, assignment: Assignment, now: bigint): Promise<void> {
    const { contractId, state } = assignment;
    if (state === 'waiting') return this.assign(sql, assignment, now);
    const machines = await this.store.machines(sql, contractId);
    const machine = machines.find(({ generation }) => generation === assignment.generation);
    if (!machine || (state !== 'offered' && state !== 'claimed')) {
      return this.store.change(sql, contractId, { dueAtNs: null }, now);
    }
    if (state === 'offered') return this.replace(sql, assignment, machine, 'unclaimed', now);
    if (now >= assignment.deadlineNs) {
      await this.close(sql, machine, 'timeout', now);
      return this.fail(sql, assignment, 'PROVISIONING_TIMEOUT', 'the machine was not ready in time', now);
    }
    if (await this.canTakeOver(sql, assignment, machine, now)) {
      return this.replace(sql, assignment, machine, 'silent', now);
    }
    await this.store.change(sql, contractId, { dueAtNs: watchAt(assignment, now) }, now);
  }

  /** The agent at work has been silent for long, and another one could do it. */
  private async canTakeOver(
    sql: Sql,
    assignment: Assignment,
    machine: Machine,
    now: bigint,
  ): Promise<boolean> {
    const [agent] = await sql.query<{ lastHeartbeatNs: bigint | null }>(
      'select last_heartbeat_ns as "lastHeartbeatNs" from agent where agent_public_key = $1',
      [machine.agentPublicKey],
    );
    const silenceNs = now - (agent?.lastHeartbeatNs ?? 0n);
    if (silenceNs < settingNs(this.settings.AGENT_TAKEOVER_SECONDS)) return false;
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
    const failed = !['unclaimed', 'silent', 'timeout'].includes(outcome);
    await this.store.changeMachine(
      sql,
      machine,
      { outcome, settledAtNs: now, ...(failed ? { state: 'failed' as const } : {}) },
      now,
    );
    await this.removals.order(sql, machine, now);
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
    const dueAtNs = now + secondsToNs(retry.afterSeconds);
    await this.store.change(
      sql,
      assignment.contractId,
      { state: 'waiting', retryAgent: retry.agentPublicKey, waitingSinceNs: dueAtNs, dueAtNs },
      now,
    );
  }
}

function watchAt({ deadlineNs }: Assignment, now: bigint): bigint {
  const nextLook = now + secondsToNs(WATCH_SECONDS);
  return nextLook < deadlineNs ? nextLook : deadlineNs;
}

/** What the agent is told of a machine that it is to make. */
export function desiredRunning(
  assignment: Pick<Assignment, 'contractId' | 'deadlineNs' | 'spec' | 'encryptionPublicKeys'>,
  generation: number,
): DesiredMachine {
  return {
    contractId: assignment.contractId,
    generation,
    desired: 'running',
    deadlineNs: assignment.deadlineNs.toString(),
    spec: assignment.spec,
    encryptionPublicKeys: assignment.encryptionPublicKeys,
  };
}
