import type { OperationOutcome } from '@decent-cloud/messages/words';
import { rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { ContractOperation, OperationKind, Siblings } from './domain/operation.ts';

const operationRow = rowOf<ContractOperation>()({
  operationId: 'operation_id',
  contractId: 'contract_id',
  kind: 'kind',
  sshPublicKey: 'ssh_public_key',
  encryptionPublicKeys: 'encryption_public_keys',
  requestedAtNs: 'requested_at_ns',
  outcome: 'outcome',
});
const newOperationRow = operationRow.omit('outcome');
const FIND = `select ${operationRow.select} from contract_machine_operation where operation_id = $1`;
const INSERT = `insert into contract_machine_operation (${newOperationRow.names}) values (${newOperationRow.places()})`;

/** What tenants asked for inside of their machines. */
@Injectable()
export class OperationStore {
  async find(sql: Sql, operationId: string): Promise<ContractOperation | undefined> {
    const [row] = await operationRow.query(sql, FIND, [operationId]);
    return row;
  }

  async countSince(sql: Sql, contractId: string, kind: OperationKind, sinceNs: bigint): Promise<number> {
    const [row] = await sql.query<{ count: number }>(
      `select count(*)::int as count from contract_machine_operation
       where contract_id = $1 and kind = $2 and requested_at_ns > $3`,
      [contractId, kind, sinceNs],
    );
    return row?.count ?? 0;
  }

  async insert(sql: Sql, operation: Omit<ContractOperation, 'outcome'>): Promise<void> {
    await sql.query(INSERT, newOperationRow.values(operation));
  }

  async siblingsOf(sql: Sql, operation: ContractOperation): Promise<Siblings> {
    const [row] = await sql.query<Siblings>(
      `select coalesce(bool_or(outcome = 'done'), false) as "youngerDone", count(*) > 0 as "youngerRequested"
       from contract_machine_operation where contract_id = $1 and kind = $2 and requested_at_ns > $3`,
      [operation.contractId, operation.kind, operation.requestedAtNs],
    );
    return row ?? { youngerDone: false, youngerRequested: false };
  }

  async finish(sql: Sql, operationId: string, outcome: OperationOutcome, nowNs: bigint): Promise<void> {
    await sql.query(
      'update contract_machine_operation set outcome = $2, finished_at_ns = $3 where operation_id = $1',
      [operationId, outcome, nowNs],
    );
  }
}
