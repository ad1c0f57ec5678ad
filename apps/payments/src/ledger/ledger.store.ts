import { rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { type AccountName, nameOf, type Transfer } from './domain/transfer.ts';
import { type Move, type Posted, Posting } from './posting.ts';
import { ReservationStore } from './reservation.store.ts';

export type { Posted } from './posting.ts';

interface AccountRow {
  id: bigint;
  kind: AccountName['kind'];
  owner: string;
  balanceE9s: bigint;
}

const accountRow = rowOf<AccountRow>()({
  id: 'id',
  kind: 'kind',
  owner: 'owner',
  balanceE9s: 'balance_e9s',
});
const balanceRow = rowOf<{ accountId: bigint; balanceAfterE9s: bigint }>()({
  accountId: 'account_id',
  balanceAfterE9s: 'balance_after_e9s',
});
const LOCK = `select ${accountRow.selectFrom('account')} from ledger_account account
  join unnest($1::text[], $2::text[]) as wanted (kind, owner) using (kind, owner)
  where account.currency = $3 order by account.id for update of account`;

/** The books in the database. */
@Injectable()
export class LedgerStore extends Posting<AccountRow> {
  // Said again for Nest, which reads of this class what it is given.
  constructor(reservations: ReservationStore) {
    super(reservations);
  }

  async find(sql: Sql, idempotencyKey: string): Promise<Posted> {
    const rows = await sql.query<AccountName & { balanceAfterE9s: bigint }>(
      `select account.kind, account.owner, posting.balance_after_e9s as "balanceAfterE9s"
       from ledger_transfer transfer
       join ledger_posting posting on posting.transfer_id = transfer.id
       join ledger_account account on account.id = posting.account_id
       where transfer.idempotency_key = $1`,
      [idempotencyKey],
    );
    const after = new Map(rows.map((row) => [nameOf(row), row.balanceAfterE9s]));
    return { isNew: false, balanceAfterE9s: (account) => after.get(nameOf(account)) };
  }

  protected async begin(sql: Sql, transfer: Transfer, now: bigint): Promise<bigint | undefined> {
    const [made] = await sql.query<{ id: bigint }>(
      `insert into ledger_transfer (idempotency_key, purpose, reference, created_at_ns) values ($1, $2, $3, $4)
       on conflict (idempotency_key) do nothing returning id`,
      [transfer.idempotencyKey, transfer.purpose, transfer.reference, now],
    );
    return made?.id;
  }

  protected async write(
    sql: Sql,
    id: bigint,
    transfer: Transfer,
    moves: readonly Move<AccountRow>[],
  ): Promise<ReadonlyMap<AccountRow, bigint>> {
    const posted = await balanceRow.query(
      sql,
      `insert into ledger_posting (transfer_id, account_id, currency, amount_e9s)
       select $1, account_id, $2, amount_e9s from unnest($3::bigint[], $4::bigint[]) as moved (account_id, amount_e9s)
       returning ${balanceRow.select}`,
      [
        id,
        transfer.currency,
        moves.map(({ account }) => account.id),
        moves.map(({ amountE9s }) => amountE9s),
      ],
    );
    const after = new Map(posted.map((posting) => [posting.accountId, posting.balanceAfterE9s]));
    return new Map(moves.map(({ account }) => [account, after.get(account.id) as bigint]));
  }

  protected async lock(sql: Sql, transfer: Transfer): Promise<Map<string, AccountRow>> {
    const names = transfer.movements
      .map(({ account }) => account)
      .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
    const values = [names.map(({ kind }) => kind), names.map(({ owner }) => owner), transfer.currency];
    await sql.query(
      `insert into ledger_account (kind, owner, currency)
       select kind, owner, $3 from unnest($1::text[], $2::text[]) as wanted (kind, owner)
       on conflict (kind, owner, currency) do nothing`,
      values,
    );
    const rows = await accountRow.query(sql, LOCK, values);
    return new Map(rows.map((row) => [nameOf(row), row]));
  }
}
