import type { OperationOutcome } from '@decent-cloud/messages/words';
import type { Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { ContractOperation, OperationKind, Siblings } from './domain/operation.ts';

/** What tenants asked for inside of their machines. */
@Injectable()
export class OperationStore {
  async find(sql: Sql, operationId: string): Promise<ContractOperation | undefined> {
    const [row] = await sql.query<ContractOperation>(
      `select operation_id as "operationId", contract_id as "contractId", kind, ssh_public_key as "sshPublicKey",
         encryption_public_keys as "encryptionPublicKeys", requested_at_ns as "requestedAtNs", outcome
       from contract_machine_operation where operation_id = $1`,
      [operationId],
    );
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
    await sql.query(
      `insert into contract_machine_operation
         (operation_id, contract_id, kind, ssh_public_key, encryption_public_keys, requested_at_ns)
       values ($1, $2, $3, $4, $5, $6)`,
      [
        operation.operationId,
        operation.contractId,
        operation.kind,
        operation.sshPublicKey,
        operation.encryptionPublicKeys,
        operation.requestedAtNs,
      ],
    );
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
