import { Database, rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';

export interface Reservation {
  readonly reservationId: string;
  readonly accountId: string;
  readonly currency: string;
  readonly amountE9s: bigint;
  readonly untilNs: bigint;
}

const reservationRow = rowOf<Reservation>()({
  reservationId: 'reservation_id',
  accountId: 'account_id',
  currency: 'currency',
  amountE9s: 'amount_e9s',
  untilNs: 'until_ns',
});
const PUT = `insert into wallet_reservation (${reservationRow.names}) values (${reservationRow.places()})
  on conflict (reservation_id) do update set ${reservationRow.omit('reservationId').excluded}`;

/** What rentals that are being made may count on. Whoever reads or writes it has locked the wallet first. */
@Injectable()
export class ReservationStore {
  constructor(private readonly database: Database) {}

  /** The balance of a wallet, locked for the rest of the transaction. */
  async lockWallet(sql: Sql, accountId: string, currency: string): Promise<bigint> {
    const [row] = await sql.query<{ balance_e9s: bigint }>(
      `select balance_e9s from ledger_account where kind = 'wallet' and owner = $1 and currency = $2 for update`,
      [accountId, currency],
    );
    return row?.balance_e9s ?? 0n;
  }

  /** What others have reserved of a locked wallet. */
  async reservedByOthers(
    sql: Sql,
    wallet: { readonly accountId: string; readonly currency: string },
    ownId: string | undefined,
    now: bigint,
  ): Promise<bigint> {
    const [row] = await sql.query<{ reserved: bigint }>(
      `select coalesce(sum(amount_e9s), 0)::bigint as reserved from wallet_reservation
       where account_id = $1 and currency = $2 and until_ns > $3 and reservation_id is distinct from $4::uuid`,
      [wallet.accountId, wallet.currency, now, ownId ?? null],
    );
    return row?.reserved ?? 0n;
  }

  /** The same reservation again replaces what it was. */
  async put(sql: Sql, reservation: Reservation): Promise<void> {
    await sql.query(PUT, reservationRow.values(reservation));
  }

  async delete(sql: Sql, reservationId: string): Promise<boolean> {
    const rows = await sql.query('delete from wallet_reservation where reservation_id = $1 returning 1', [
      reservationId,
    ]);
    return rows.length === 1;
  }

  async forget(beforeNs: bigint, limit: number): Promise<void> {
    await this.database.query(
      `delete from wallet_reservation where reservation_id in
         (select reservation_id from wallet_reservation where until_ns < $1 limit $2)`,
      [beforeNs, limit],
    );
  }
}
