import type { MachineActionKind } from '@decent-cloud/messages/words';
import { Database, rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { ActionResult, MachineAction } from './domain/machine-action.ts';

export type NewMachineAction = Omit<
  MachineAction,
  'state' | 'commandsGiven' | 'nextCommandAtNs' | 'failureCode'
>;

const actionRow = rowOf<MachineAction>()({
  actionId: 'operation_id',
  contractId: 'contract_id',
  generation: 'generation',
  kind: 'kind',
  sshPublicKey: 'ssh_public_key',
  encryptionPublicKeys: 'encryption_public_keys',
  state: 'state',
  requestedAtNs: 'requested_at_ns',
  deadlineNs: 'deadline_ns',
  commandsGiven: 'orders',
  nextCommandAtNs: 'next_order_at_ns',
  failureCode: 'failure_code',
});
const OPERATION = actionRow.selectFrom('o');
const newActionRow = actionRow.omit('state', 'commandsGiven', 'nextCommandAtNs', 'failureCode');
const INSERT = `insert into machine_operation (${newActionRow.names}, state, next_order_at_ns)
  values (${newActionRow.places(2)}, 'pending', $1) on conflict do nothing returning 1`;

/** MachineActions inside of machines. Whoever changes one locks its contract's assignment first. */
@Injectable()
export class MachineActionStore {
  constructor(private readonly database: Database) {}

  /** False when it is known already. */
  async insert(sql: Sql, action: NewMachineAction, now: bigint): Promise<boolean> {
    const rows = await sql.query(INSERT, [now, ...newActionRow.values(action)]);
    return rows.length === 1;
  }

  async lock(sql: Sql, actionId: string): Promise<MachineAction | undefined> {
    const [row] = await actionRow.query(
      sql,
      `select ${OPERATION} from machine_operation o where operation_id = $1 for update`,
      [actionId],
    );
    return row;
  }

  /** What waits for this agent, at most one of a kind for each contract (the youngest), oldest first. */
  pendingOf(agentPublicKey: string, kind: MachineActionKind, limit = 200): Promise<MachineAction[]> {
    return this.youngestPending('m.agent_public_key = $1', agentPublicKey, kind, limit);
  }

  /** The same for every machine of a provider. */
  pendingOfProvider(
    providerPublicKey: string,
    kind: MachineActionKind,
    limit = 200,
  ): Promise<MachineAction[]> {
    return this.youngestPending('a.provider_public_key = $1', providerPublicKey, kind, limit);
  }

  private youngestPending(
    whose: string,
    publicKey: string,
    kind: MachineActionKind,
    limit: number,
  ): Promise<MachineAction[]> {
    return actionRow.query(
      this.database,
      `select * from (
         select distinct on (o.contract_id) ${OPERATION} from machine_operation o
         join machine m using (contract_id, generation) join assignment a using (contract_id)
         where ${whose} and o.kind = $2 and o.state = 'pending' and m.desired = 'running'
         order by o.contract_id, o.requested_at_ns desc) as youngest
       order by "requestedAtNs" limit $3`,
      [publicKey, kind, limit],
    );
  }

  /** The youngest pending one of a contract. */
  async lockPending(
    sql: Sql,
    contractId: string,
    kind: MachineActionKind,
  ): Promise<MachineAction | undefined> {
    const [row] = await actionRow.query(
      sql,
      `select ${OPERATION} from machine_operation o where contract_id = $1 and kind = $2 and state = 'pending'
       order by requested_at_ns desc limit 1 for update`,
      [contractId, kind],
    );
    return row;
  }

  /** Everything that still waits for a contract's machine. */
  lockAllPending(sql: Sql, contractId: string): Promise<MachineAction[]> {
    return actionRow.query(
      sql,
      `select ${OPERATION} from machine_operation o where contract_id = $1 and state = 'pending'
       order by requested_at_ns for update`,
      [contractId],
    );
  }

  /** Has a younger one of the same kind been done already? */
  async isOutdated(sql: Sql, action: NewMachineAction): Promise<boolean> {
    const rows = await sql.query(
      `select 1 from machine_operation
       where contract_id = $1 and kind = $2 and state = 'done' and requested_at_ns > $3 limit 1`,
      [action.contractId, action.kind, action.requestedAtNs],
    );
    return rows.length > 0;
  }

  async finish(sql: Sql, actionId: string, result: ActionResult, now: bigint): Promise<void> {
    const failure = result.outcome === 'failed' ? result : undefined;
    await sql.query(
      `update machine_operation set state = $2, finished_at_ns = $3, next_order_at_ns = null, failure_code = $4,
         failure = $5 where operation_id = $1`,
      [actionId, result.outcome, now, failure?.code ?? null, failure?.message ?? null],
    );
  }

  async commandGiven(sql: Sql, actionId: string, nextCommandAtNs: bigint): Promise<void> {
    await sql.query(
      'update machine_operation set orders = orders + 1, next_order_at_ns = $2 where operation_id = $1',
      [actionId, nextCommandAtNs],
    );
  }

  /** Contracts with an action that is to be ordered (again) or given up. */
  async due(now: bigint, limit: number): Promise<string[]> {
    const rows = await this.database.query<{ contractId: string }>(
      `select distinct contract_id as "contractId" from (
         select contract_id from machine_operation where state = 'pending' and next_order_at_ns <= $1
         order by next_order_at_ns limit $2) as waiting`,
      [now, limit],
    );
    return rows.map(({ contractId }) => contractId);
  }
}
