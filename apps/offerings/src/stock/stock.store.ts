import { Database, expression, rowOf, type Sql, stored } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { KnownHold } from './domain/hold.ts';
import { type StoredTerms, storedTerms } from './hold-terms.stored.ts';

export interface NewHold {
  readonly holdId: string;
  readonly offeringDbId: bigint;
  readonly tenantPublicKey: string;
  readonly untilNs: bigint;
  readonly terms: StoredTerms;
}

type HoldWithTerms = KnownHold & { readonly terms: StoredTerms | null };

const termsColumn = stored('terms', storedTerms, 'text');
const newHoldRow = rowOf<NewHold>()({
  holdId: 'hold_id',
  offeringDbId: 'offering_db_id',
  tenantPublicKey: 'renter_public_key',
  untilNs: 'until_ns',
  terms: termsColumn,
});
const holdRow = rowOf<HoldWithTerms>()({
  offeringDbId: 'offering_db_id',
  tenantPublicKey: 'renter_public_key',
  terms: termsColumn,
  isReleased: expression('released_at_ns is not null'),
});

const INSERT = `insert into stock_hold (${newHoldRow.names}, created_at_ns) values (${newHoldRow.places(2)}, $1)
  on conflict (hold_id) do nothing returning 1`;
const FIND = `select ${holdRow.select} from stock_hold where hold_id = $1`;
const LOCK = `${FIND} for update`;

@Injectable()
export class StockStore {
  constructor(private readonly database: Database) {}

  /** Nobody gives it back, or keeps it longer, before this transaction ends. */
  async lock(sql: Sql, holdId: string): Promise<HoldWithTerms | undefined> {
    const [row] = await holdRow.query(sql, LOCK, [holdId]);
    return row;
  }

  async find(holdId: string): Promise<HoldWithTerms | undefined> {
    const [row] = await holdRow.query(this.database, FIND, [holdId]);
    return row;
  }

  async heldUnits(sql: Sql, offeringDbId: bigint): Promise<number> {
    const [row] = await sql.query<{ held: bigint }>(
      'select count(*) as held from stock_hold where offering_db_id = $1 and released_at_ns is null',
      [offeringDbId],
    );
    return Number(row?.held ?? 0n);
  }

  /** False: a hold of this id exists, made or given back by somebody else meanwhile. */
  async insert(sql: Sql, hold: NewHold, now: bigint): Promise<boolean> {
    const rows = await sql.query(INSERT, [now, ...newHoldRow.values(hold)]);
    return rows.length === 1;
  }

  /** Kept at least so long. */
  async prolong(sql: Sql, holdId: string, untilNs: bigint): Promise<void> {
    await sql.query('update stock_hold set until_ns = greatest(until_ns, $2) where hold_id = $1', [
      holdId,
      untilNs,
    ]);
  }

  /** Gives the unit back, also ahead of a hold that is still under way. True: a living hold ended. */
  async release(sql: Sql, holdId: string, now: bigint): Promise<boolean> {
    const made = await sql.query(
      `insert into stock_hold (hold_id, until_ns, created_at_ns, released_at_ns) values ($1, $2, $2, $2)
       on conflict (hold_id) do nothing returning 1`,
      [holdId, now],
    );
    if (made.length === 1) return false;
    const ended = await sql.query(
      'update stock_hold set released_at_ns = $2 where hold_id = $1 and released_at_ns is null returning 1',
      [holdId, now],
    );
    return ended.length === 1;
  }

  /** Living holds whose time to ask has come, oldest first. */
  async due(now: bigint, limit: number): Promise<string[]> {
    const rows = await this.database.query<{ hold_id: string }>(
      'select hold_id from stock_hold where released_at_ns is null and until_ns < $1 order by until_ns limit $2',
      [now, limit],
    );
    return rows.map((row) => row.hold_id);
  }

  /** Drops holds that nobody has, unless they were prolonged meanwhile, and asks about the others again later. */
  async settleDue(
    living: readonly string[],
    dead: readonly string[],
    now: bigint,
    againNs: bigint,
  ): Promise<void> {
    await this.database.query(
      `update stock_hold set released_at_ns = $2
       where hold_id = any($1::uuid[]) and released_at_ns is null and until_ns < $2`,
      [dead, now],
    );
    await this.database.query(
      'update stock_hold set until_ns = $2 where hold_id = any($1::uuid[]) and released_at_ns is null',
      [living, againNs],
    );
  }

  async forgetReleased(beforeNs: bigint, limit: number): Promise<number> {
    const rows = await this.database.query(
      `delete from stock_hold where hold_id in
         (select hold_id from stock_hold where released_at_ns < $1 limit $2) returning 1`,
      [beforeNs, limit],
    );
    return rows.length;
  }
}
