import type { Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { Charge, Rental, RentalState } from './domain/rental.ts';

interface RentalRow {
  contract_id: string;
  state: RentalState;
  account_id: string | null;
  currency: string | null;
  charged_e9s: bigint;
}

@Injectable()
export class RentalStore {
  /** True: the contract had no row and is charged now. A row of another, unfinished transaction is waited for. */
  async insertCharged(sql: Sql, contractId: string, charge: Charge, now: bigint): Promise<boolean> {
    const rows = await sql.query(
      `insert into rental (contract_id, state, account_id, currency, charged_e9s, charged_at_ns)
       values ($1, 'charged', $2, $3, $4, $5) on conflict (contract_id) do nothing returning 1`,
      [contractId, charge.accountId, charge.currency, charge.amountE9s, now],
    );
    return rows.length === 1;
  }

  /** True: the contract had no row and can never be charged now. */
  async insertVoid(sql: Sql, contractId: string, now: bigint): Promise<boolean> {
    const rows = await sql.query(
      `insert into rental (contract_id, state, ended_at_ns) values ($1, 'void', $2)
       on conflict (contract_id) do nothing returning 1`,
      [contractId, now],
    );
    return rows.length === 1;
  }

  async lock(sql: Sql, contractId: string): Promise<Rental> {
    const [row] = await sql.query<RentalRow>(
      `select contract_id, state, account_id, currency, charged_e9s from rental where contract_id = $1 for update`,
      [contractId],
    );
    if (!row) throw new Error(`rental ${contractId} is missing`);
    return {
      contractId: row.contract_id,
      state: row.state,
      accountId: row.account_id,
      currency: row.currency,
      chargedE9s: row.charged_e9s,
    };
  }

  async markSettled(
    sql: Sql,
    contractId: string,
    settled: { refundE9s: bigint; earnedE9s: bigint; providerPublicKey: string },
    now: bigint,
  ): Promise<void> {
    const rows = await sql.query(
      `update rental set state = 'settled', refunded_e9s = $2, earned_e9s = $3, provider_public_key = $4, ended_at_ns = $5
       where contract_id = $1 and state = 'charged' returning 1`,
      [contractId, settled.refundE9s, settled.earnedE9s, settled.providerPublicKey, now],
    );
    if (rows.length !== 1) throw new Error(`rental ${contractId} was not settled`);
  }
}
