import { Database, rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { Charge, Rental } from './domain/rental.ts';

const rentalRow = rowOf<Rental>()({
  contractId: 'contract_id',
  state: 'state',
  accountId: 'account_id',
  currency: 'currency',
  chargedE9s: 'charged_e9s',
});
const chargedRow = rentalRow.and<{ readonly refundedE9s: bigint }>()({ refundedE9s: 'refunded_e9s' });
const FIND_CHARGED = `select ${chargedRow.select} from rental where contract_id = any($1::text[]) and state <> 'void'`;
const INSERT_CHARGED = `insert into rental (${rentalRow.names}, charged_at_ns) values (${rentalRow.places(2)}, $1)
  on conflict (contract_id) do nothing returning 1`;
const LOCK = `select ${rentalRow.select} from rental where contract_id = $1 for update`;

@Injectable()
export class RentalStore {
  constructor(private readonly database: Database) {}

  /** Those of these contracts that were charged, settled or not. */
  async charged(contractIds: readonly string[]): Promise<(Rental & { readonly refundedE9s: bigint })[]> {
    return chargedRow.query(this.database, FIND_CHARGED, [contractIds]);
  }

  /** True: the contract had no row and is charged now. A row of another, unfinished transaction is waited for. */
  async insertCharged(sql: Sql, contractId: string, charge: Charge, now: bigint): Promise<boolean> {
    const { accountId, currency, amountE9s } = charge;
    const rental = { contractId, state: 'charged', accountId, currency, chargedE9s: amountE9s } as const;
    const rows = await sql.query(INSERT_CHARGED, [now, ...rentalRow.values(rental)]);
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
    const [row] = await rentalRow.query(sql, LOCK, [contractId]);
    if (!row) throw new Error(`rental ${contractId} is missing`);
    return row;
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
