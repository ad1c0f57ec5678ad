import type { ActionOutcome, MachineActionKind } from '@decent-cloud/messages/words';
import { rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { MachineAction, Siblings } from './domain/machine-action.ts';

const actionRow = rowOf<MachineAction>()({
  actionId: 'operation_id',
  contractId: 'contract_id',
  kind: 'kind',
  sshPublicKey: 'ssh_public_key',
  encryptionPublicKeys: 'encryption_public_keys',
  requestedAtNs: 'requested_at_ns',
  outcome: 'outcome',
});
const newActionRow = actionRow.omit('outcome');
const FIND = `select ${actionRow.select} from contract_machine_operation where operation_id = $1`;
const INSERT = `insert into contract_machine_operation (${newActionRow.names}) values (${newActionRow.places()})`;

/** What tenants asked for inside of their machines. */
@Injectable()
export class MachineActionStore {
  async find(sql: Sql, actionId: string): Promise<MachineAction | undefined> {
    const [row] = await actionRow.query(sql, FIND, [actionId]);
    return row;
  }

  async countSince(sql: Sql, contractId: string, kind: MachineActionKind, sinceNs: bigint): Promise<number> {
    const [row] = await sql.query<{ count: number }>(
      `select count(*)::int as count from contract_machine_operation
       where contract_id = $1 and kind = $2 and requested_at_ns > $3`,
      [contractId, kind, sinceNs],
    );
    return row?.count ?? 0;
  }

  async insert(sql: Sql, action: Omit<MachineAction, 'outcome'>): Promise<void> {
    await sql.query(INSERT, newActionRow.values(action));
  }

  async siblingsOf(sql: Sql, action: MachineAction): Promise<Siblings> {
    const [row] = await sql.query<Siblings>(
      `select coalesce(bool_or(outcome = 'done'), false) as "youngerDone", count(*) > 0 as "youngerRequested"
       from contract_machine_operation where contract_id = $1 and kind = $2 and requested_at_ns > $3`,
      [action.contractId, action.kind, action.requestedAtNs],
    );
    return row ?? { youngerDone: false, youngerRequested: false };
  }

  async finish(sql: Sql, actionId: string, outcome: ActionOutcome, nowNs: bigint): Promise<void> {
    await sql.query(
      'update contract_machine_operation set outcome = $2, finished_at_ns = $3 where operation_id = $1',
      [actionId, outcome, nowNs],
    );
  }
}
