import { Database } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { contractRow, SELECTED } from './contract.rows.ts';
import type { Contract } from './domain/contract.ts';

/** Where a pass goes on: it never comes back to a row that it could not settle. */
export interface Position {
  readonly atNs: bigint;
  readonly contractId: string;
}

export const FROM_THE_START: Position = { atNs: -1n, contractId: '' };

/** What the reconcilers look for. */
@Injectable()
export class WaitingContractsStore {
  constructor(private readonly database: Database) {}

  /** Paid contracts whose waiting is over, longest first. */
  async overdue(now: bigint, after: Position, limit: number): Promise<Contract[]> {
    return contractRow.query(
      this.database,
      `select ${SELECTED} from contract c
       where deadline_at_ns <= $1 and (deadline_at_ns, contract_id) > ($2, $3) and payment_status <> 'pending'
       order by deadline_at_ns, contract_id limit $4`,
      [now, after.atNs, after.contractId, limit],
    );
  }

  /** Living contracts that wait for their money since before `createdBefore`, oldest first. */
  async unpaid(createdBefore: bigint, after: Position, limit: number): Promise<Contract[]> {
    return contractRow.query(
      this.database,
      `select ${SELECTED} from contract c
       where deadline_at_ns is not null and payment_status = 'pending' and created_at_ns <= $1
         and (created_at_ns, contract_id) > ($2, $3)
       order by created_at_ns, contract_id limit $4`,
      [createdBefore, after.atNs, after.contractId, limit],
    );
  }

  /** Erases sealed credentials whose time is over. Gives how many. */
  async eraseCredentials(now: bigint, limit: number): Promise<number> {
    const rows = await this.database.query(
      `delete from contract_credential where (contract_id, recipient_public_key) in (
         select contract_id, recipient_public_key from contract_credential
         where expires_at_ns <= $1 order by expires_at_ns limit $2) returning 1`,
      [now, limit],
    );
    return rows.length;
  }
}
