import { rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { type AccountName, assertAboveFloor, nameOf, type Transfer } from './domain/transfer.ts';
import { ReservationStore } from './reservation.store.ts';

export interface Posted {
  /** False: this transfer had happened before; the figures are those of then. */
  readonly isNew: boolean;
  balanceAfterE9s(account: AccountName): bigint | undefined;
}

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

@Injectable()
export class LedgerStore {
  constructor(private readonly reservations: ReservationStore) {}

  /**
   * Moves money once, in the caller's transaction; what was reserved under `reservationId` is used up.
   * @throws Refusal INSUFFICIENT_BALANCE when an account would fall below its floor.
   */
  async post(sql: Sql, transfer: Transfer, now: bigint, reservationId?: string): Promise<Posted> {
    const [made] = await sql.query<{ id: bigint }>(
      `insert into ledger_transfer (idempotency_key, purpose, reference, created_at_ns) values ($1, $2, $3, $4)
       on conflict (idempotency_key) do nothing returning id`,
      [transfer.idempotencyKey, transfer.purpose, transfer.reference, now],
    );
    if (!made) return this.find(sql, transfer.idempotencyKey);
    const accounts = await this.lock(sql, transfer);
    const moves: { row: AccountRow; amountE9s: bigint }[] = [];
    for (const { account, amountE9s } of transfer.movements) {
      const row = accounts.get(nameOf(account));
      if (!row) throw new Error(`ledger account ${nameOf(account)} is missing`);
      const isSpent = account.kind === 'wallet' && amountE9s < 0n;
      const wallet = { accountId: account.owner, currency: transfer.currency };
      const reservedE9s = isSpent
        ? await this.reservations.reservedByOthers(sql, wallet, reservationId, now)
        : 0n;
      assertAboveFloor({ ...account, balanceE9s: row.balanceE9s, reservedE9s }, amountE9s, transfer.currency);
      moves.push({ row, amountE9s });
    }
    if (reservationId !== undefined) await this.reservations.delete(sql, reservationId);
    const posted = await balanceRow.query(
      sql,
      `insert into ledger_posting (transfer_id, account_id, currency, amount_e9s)
       select $1, account_id, $2, amount_e9s from unnest($3::bigint[], $4::bigint[]) as moved (account_id, amount_e9s)
       returning ${balanceRow.select}`,
      [made.id, transfer.currency, moves.map(({ row }) => row.id), moves.map(({ amountE9s }) => amountE9s)],
    );
    const after = new Map(posted.map((posting) => [posting.accountId, posting.balanceAfterE9s]));
    return {
      isNew: true,
      balanceAfterE9s: (account) => {
        const row = accounts.get(nameOf(account));
        return row && after.get(row.id);
      },
    };
  }

  /** What a transfer did when it happened. */
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

  /** Makes the accounts that are missing and locks all of them, everybody in the same order. */
  private async lock(sql: Sql, transfer: Transfer): Promise<Map<string, AccountRow>> {
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
