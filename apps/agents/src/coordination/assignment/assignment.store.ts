import { secondsToNs } from '@decent-cloud/kernel';
import { Database, expression, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { ONLINE_SECONDS } from '../../registry/agent/domain/liveness.ts';
import { assignmentRow, changedAssignmentRow, machineRow, newAssignmentRow } from './assignment.rows.ts';
import { AssignmentChanges, type PaidTime } from './assignment-changes.ts';
import type { Assignment, AssignmentChange, Machine, MachineChange, NewAssignment } from './rows.ts';

const INSERT = `insert into assignment (${newAssignmentRow.names}, state, waiting_since_ns, due_at_ns, created_at_ns,
    updated_at_ns)
  values (${newAssignmentRow.places(2)}, 'waiting', $1, $1, $1, $1) on conflict do nothing returning 1`;
const listenerRow = machineRow.pick('agentPublicKey', 'instance').and<{ readonly account: string }>()({
  account: expression('a.account_public_key'),
});
const LOCK = `select ${assignmentRow.select} from assignment where contract_id = $1 for update`;
const MACHINE = machineRow.select;
const MACHINES = `select ${MACHINE} from machine where contract_id = $1 order by generation`;

/** Rows of the coordinator. Whoever changes a contract's machines locks its assignment first. */
@Injectable()
export class AssignmentStore extends AssignmentChanges {
  constructor(private readonly database: Database) {
    super();
  }

  /** False when the contract is known already (also as ended). */
  async insert(sql: Sql, assignment: NewAssignment, now: bigint): Promise<boolean> {
    const rows = await sql.query(INSERT, [now, ...newAssignmentRow.values(assignment)]);
    return rows.length === 1;
  }

  /** Notes a contract that ended before it was heard of: it will never be given to anybody. False when it is known. */
  async insertEnded(sql: Sql, contractId: string, now: bigint): Promise<boolean> {
    const rows = await sql.query(
      `insert into assignment (contract_id, state, created_at_ns, updated_at_ns) values ($1, 'ended', $2, $2)
       on conflict do nothing returning 1`,
      [contractId, now],
    );
    return rows.length === 1;
  }

  async lock(sql: Sql, contractId: string): Promise<Assignment | undefined> {
    const [row] = await assignmentRow.query(sql, LOCK, [contractId]);
    return row;
  }

  /** The assignment if it is still due and nobody else has it in hand. */
  async lockDue(sql: Sql, contractId: string, now: bigint): Promise<Assignment | undefined> {
    const [row] = await assignmentRow.query(
      sql,
      `select ${assignmentRow.select} from assignment
       where contract_id = $1 and due_at_ns <= $2 for update skip locked`,
      [contractId, now],
    );
    return row;
  }

  /**
   * Contracts whose time has come. Those that wait are passed over while no agent of their provider could have room for
   * them, until they have waited for too long.
   */
  async due(now: bigint, agentWaitNs: bigint, limit: number): Promise<string[]> {
    const rows = await this.database.query<{ contractId: string }>(
      `select contract_id as "contractId" from assignment
       where due_at_ns <= $1 and (state <> 'waiting' or deadline_ns <= $1 or waiting_since_ns <= $2
         or exists (select from agent where agent.provider_public_key = assignment.provider_public_key
           and revoked_at_ns is null and last_heartbeat_ns > $3 and (polls or free_slots > 0)))
       order by due_at_ns limit $4`,
      [now, now - agentWaitNs, now - secondsToNs(ONLINE_SECONDS), limit],
    );
    return rows.map(({ contractId }) => contractId);
  }

  async change(sql: Sql, contractId: string, changes: AssignmentChange, now: bigint): Promise<void> {
    const { sets, values } = changedAssignmentRow.changed(changes, 3);
    await sql.query(
      `update assignment set ${['updated_at_ns = $2', ...sets].join(', ')} where contract_id = $1`,
      [contractId, now, ...values],
    );
  }

  protected async writePaidTime(sql: Sql, paid: PaidTime, now: bigint): Promise<boolean> {
    const rows = await sql.query(
      `update assignment set ends_at_ns = $3, paid_time_version = $2, updated_at_ns = $4
       where contract_id = $1 and paid_time_version < $2 returning 1`,
      [paid.contractId, paid.version, paid.endsAtNs, now],
    );
    return rows.length > 0;
  }

  machines(sql: Sql, contractId: string): Promise<Machine[]> {
    return machineRow.query(sql, MACHINES, [contractId]);
  }

  protected async writeNewMachine(
    sql: Sql,
    machine: Pick<Machine, 'contractId' | 'generation' | 'agentPublicKey'>,
    now: bigint,
  ): Promise<void> {
    await sql.query(
      `insert into machine (contract_id, generation, agent_public_key, desired, state, offered_at_ns, updated_at_ns)
       values ($1, $2, $3, 'running', 'offered', $4, $4)`,
      [machine.contractId, machine.generation, machine.agentPublicKey, now],
    );
  }

  protected async writeMachine(
    sql: Sql,
    machine: Machine,
    changes: MachineChange,
    now: bigint,
  ): Promise<void> {
    const { sets, values } = machineRow.changed(changes, 4);
    await sql.query(
      `update machine set ${['updated_at_ns = $3', ...sets].join(', ')}
       where contract_id = $1 and generation = $2`,
      [machine.contractId, machine.generation, now, ...values],
    );
  }

  protected async raiseVersions(sql: Sql, contractId: string): Promise<void> {
    await sql.query(
      `update agent set desired_version = desired_version + 1 where agent_public_key in (
         select agent_public_key from machine where contract_id = $1 and state <> 'gone')`,
      [contractId],
    );
  }

  protected async raiseVersion(sql: Sql, agentPublicKey: string): Promise<void> {
    await sql.query('update agent set desired_version = desired_version + 1 where agent_public_key = $1', [
      agentPublicKey,
    ]);
  }

  /** Who is to be told about a machine that shall run: an agent that is not revoked and has an account at the broker. */
  async listenerOf(
    sql: Sql,
    { contractId, generation }: Pick<Machine, 'contractId' | 'generation'>,
  ): Promise<
    { readonly agentPublicKey: string; readonly account: string; readonly sshPort: number | null } | undefined
  > {
    const [agent] = await listenerRow.query(
      sql,
      `select ${listenerRow.selectFrom('m')}
       from machine m join agent a using (agent_public_key)
       where m.contract_id = $1 and m.generation = $2 and m.desired = 'running' and a.revoked_at_ns is null
         and a.account_public_key is not null and not a.polls`,
      [contractId, generation],
    );
    if (!agent) return undefined;
    const { agentPublicKey, account, instance } = agent;
    return { agentPublicKey, account, sshPort: instance?.sshPort ?? null };
  }

  /** Contracts whose machines run at this agent. */
  async runningAt(sql: Sql, agentPublicKey: string): Promise<string[]> {
    const rows = await sql.query<{ contractId: string }>(
      `select contract_id as "contractId" from machine
       where agent_public_key = $1 and desired = 'running' and state = 'provisioned' order by contract_id`,
      [agentPublicKey],
    );
    return rows.map(({ contractId }) => contractId);
  }

  /** Everything that an agent has, had commands for, or should not have any more. */
  async machinesOfAgent(sql: Sql, agentPublicKey: string, limit: number): Promise<Machine[]> {
    return machineRow.query(
      sql,
      `select ${MACHINE} from machine where agent_public_key = $1 and state <> 'gone'
       order by desired, contract_id, generation limit $2`,
      [agentPublicKey, limit],
    );
  }

  /** Machines of these contracts at this agent, gone ones too. */
  machinesOfContracts(sql: Sql, agentPublicKey: string, contractIds: readonly string[]): Promise<Machine[]> {
    return machineRow.query(
      sql,
      `select ${MACHINE} from machine where agent_public_key = $1 and contract_id = any($2::text[])`,
      [agentPublicKey, contractIds],
    );
  }

  /** Contracts with a machine whose removal is to be ordered again, at agents that can hear it. */
  async removalsDue(now: bigint, heardSince: bigint, limit: number): Promise<string[]> {
    const rows = await this.database.query<{ contractId: string }>(
      `select distinct m.contract_id as "contractId" from machine m join agent a using (agent_public_key)
       where m.desired = 'absent' and m.state <> 'gone' and m.next_order_at_ns <= $1
         and a.revoked_at_ns is null and a.last_heartbeat_ns > $2 limit $3`,
      [now, heardSince, limit],
    );
    return rows.map(({ contractId }) => contractId);
  }
}
