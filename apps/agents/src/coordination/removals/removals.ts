import { secondsToNs } from '@decent-cloud/kernel';
import { facts } from '@decent-cloud/messages';
import { emitFact } from '@decent-cloud/outbox';
import type { Sql } from '@decent-cloud/postgres';
import { SETTINGS } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { Commands } from '../../commands/commands.ts';
import { AgentStore } from '../../registry/agent/agent.store.ts';
import type { AgentsSettings } from '../../settings.ts';
import { AssignmentStore } from '../assignment/assignment.store.ts';
import { desiredAbsent, removalCommanded } from '../assignment/domain/next-step.ts';
import type { Assignment, Machine } from '../assignment/rows.ts';

/** As long as the stream of commands keeps them; then the command is given again. */
const COMMAND_LIFE_SECONDS = 86_400;

/** Commands that machines be removed, until their agents confirm it. */
@Injectable()
export class Removals {
  constructor(
    private readonly store: AssignmentStore,
    private readonly agents: AgentStore,
    private readonly commands: Commands,
    @Inject(SETTINGS) private readonly settings: AgentsSettings,
  ) {}

  /** From now on the machine is to be absent; says so to its agent, the first time or again. */
  async command(sql: Sql, machine: Machine, now: bigint): Promise<void> {
    await this.store.changeMachine(sql, machine, removalCommanded(machine, now, this.settings), now);
    const { agentPublicKey } = machine;
    const account = await this.agents.listeningAccount(sql, agentPublicKey);
    // A revoked agent hears nothing; the command stays unconfirmed and is counted as such. One that polls asks.
    if (account === undefined) return;
    const deadlineNs = now + secondsToNs(COMMAND_LIFE_SECONDS);
    const absent = desiredAbsent(machine, deadlineNs);
    await this.commands.give(
      sql,
      { kind: 'terminate', agentPublicKey, account, machine: absent, deadlineNs },
      now,
    );
  }

  /** The agent has none of it any more. */
  async confirm(sql: Sql, assignment: Assignment, machine: Machine, now: bigint): Promise<void> {
    await this.store.changeMachine(
      sql,
      machine,
      { state: 'gone', nextCommandAtNs: null, lostAtNs: null },
      now,
    );
    if (machine.generation === assignment.generation && assignment.state === 'ended') {
      await this.sayRemoved(sql, assignment, machine, now);
    }
  }

  /** Said once for each contract that has ended, about the newest attempt at its machine. */
  async sayRemoved(sql: Sql, assignment: Assignment, machine: Machine, now: bigint): Promise<void> {
    if (assignment.removedAtNs !== null) return;
    const { contractId, generation, agentPublicKey } = machine;
    await this.store.change(sql, contractId, { removedAtNs: now }, now);
    await emitFact(sql, facts.machineRemoved, { contractId, generation, agentPublicKey, atNs: now }, now);
  }
}
