import type { Sql } from '@decent-cloud/postgres';
import { type AccountName, nameOf, type Transfer } from '../../payments/src/ledger/domain/transfer.ts';
import type { LedgerStore } from '../../payments/src/ledger/ledger.store.ts';
import { type Move, type Posted, Posting } from '../../payments/src/ledger/posting.ts';
import type { Reservation, ReservationStore } from '../../payments/src/ledger/reservation.store.ts';
import type { Charge, Rental } from '../../payments/src/rental/domain/rental.ts';
import type { RentalStore } from '../../payments/src/rental/rental.store.ts';
import { type Database, type Recorder, Table, type Transaction, transactionOf } from './database.ts';
import { standIn } from './stand-in.ts';

export interface RentalRow extends Rental {
  readonly refundedE9s: bigint;
  readonly earnedE9s: bigint;
}
interface PostedTransfer extends Transfer {
  readonly balancesAfter: ReadonlyMap<string, bigint>;
}
type Account = AccountName & { readonly balanceE9s: bigint };
const NOTHING = { chargedE9s: 0n, refundedE9s: 0n, earnedE9s: 0n };

export class PaymentTables {
  readonly balances = new Table<string, Account>();
  readonly transfers = new Table<string, PostedTransfer>();
  readonly rentals = new Table<string, RentalRow>();
  readonly reservations = new Table<string, Reservation>();

  balanceOf(account: AccountName): bigint {
    return this.balances.get(nameOf(account))?.balanceE9s ?? 0n;
  }
}

export class ReservationsInMemory implements Pick<ReservationStore, keyof ReservationStore> {
  constructor(private readonly tables: PaymentTables) {}

  async lockWallet(_: Sql, owner: string): Promise<bigint> {
    return this.tables.balanceOf({ kind: 'wallet', owner });
  }

  async reservedByOthers(
    _: Sql,
    { accountId }: { readonly accountId: string },
    ownId: string | undefined,
    now: bigint,
  ): Promise<bigint> {
    let reserved = 0n;
    for (const other of this.tables.reservations.values()) {
      const counts = other.accountId === accountId && other.reservationId !== ownId && other.untilNs > now;
      if (counts) reserved += other.amountE9s;
    }
    return reserved;
  }

  async put(sql: Sql, reservation: Reservation): Promise<void> {
    transactionOf(sql).put(this.tables.reservations, reservation.reservationId, reservation);
  }

  async delete(sql: Sql, reservationId: string): Promise<boolean> {
    const isThere = this.tables.reservations.get(reservationId) !== undefined;
    transactionOf(sql).delete(this.tables.reservations, reservationId);
    return isThere;
  }

  async forget(): Promise<void> {
    // What is out of date counts for nothing.
  }
}

export class LedgerInMemory extends Posting<Account> implements Pick<LedgerStore, keyof LedgerStore> {
  private made = 0n;

  constructor(
    private readonly tables: PaymentTables,
    reservations: ReservationsInMemory,
  ) {
    super(standIn<ReservationStore>(reservations));
  }

  async find(_: Sql, idempotencyKey: string): Promise<Posted> {
    const posted = this.tables.transfers.get(idempotencyKey);
    return { isNew: false, balanceAfterE9s: (account) => posted?.balancesAfter.get(nameOf(account)) };
  }

  /** Without a look at what is reserved, at once: before anything else happens. */
  postAtOnce(tx: Transaction, transfer: Transfer): void {
    const moves = transfer.movements.map(({ account, amountE9s }) => ({
      account: { ...account, balanceE9s: this.tables.balanceOf(account) },
      amountE9s,
    }));
    this.apply(tx, transfer, moves);
  }

  protected async begin(_: Sql, { idempotencyKey }: Transfer): Promise<bigint | undefined> {
    return this.tables.transfers.get(idempotencyKey) ? undefined : ++this.made;
  }

  protected async lock(_: Sql, { movements }: Transfer): Promise<ReadonlyMap<string, Account>> {
    return new Map(
      movements.map(({ account }) => [
        nameOf(account),
        { ...account, balanceE9s: this.tables.balanceOf(account) },
      ]),
    );
  }

  protected async write(
    sql: Sql,
    _: bigint,
    transfer: Transfer,
    moves: readonly Move<Account>[],
  ): Promise<ReadonlyMap<Account, bigint>> {
    return this.apply(transactionOf(sql), transfer, moves);
  }

  private apply(
    tx: Transaction,
    transfer: Transfer,
    moves: readonly Move<Account>[],
  ): ReadonlyMap<Account, bigint> {
    const after = new Map<Account, bigint>();
    for (const { account, amountE9s } of moves) {
      const balanceE9s = account.balanceE9s + amountE9s;
      tx.put(this.tables.balances, nameOf(account), { ...account, balanceE9s });
      after.set(account, balanceE9s);
    }
    const balancesAfter = new Map([...after].map(([account, balance]) => [nameOf(account), balance]));
    tx.put(this.tables.transfers, transfer.idempotencyKey, { ...transfer, balancesAfter });
    return after;
  }
}

export class RentalsInMemory implements Pick<RentalStore, keyof RentalStore> {
  constructor(
    private readonly database: Database,
    private readonly tables: PaymentTables,
    private readonly recorder: Recorder,
  ) {}

  async charged(contractIds: readonly string[]): Promise<RentalRow[]> {
    await this.database.read();
    const rentals = contractIds.map((contractId) => this.tables.rentals.get(contractId));
    return rentals.filter((rental) => rental !== undefined && rental.state !== 'void') as RentalRow[];
  }

  async insertCharged(sql: Sql, contractId: string, charge: Charge): Promise<boolean> {
    const { accountId, currency, amountE9s: chargedE9s } = charge;
    const known = this.tables.rentals.get(contractId);
    if (known?.state === 'void') this.recorder.seen('end that overtook the charge');
    if (known) return false;
    this.put(sql, { ...NOTHING, contractId, state: 'charged', accountId, currency, chargedE9s });
    return true;
  }

  async insertVoid(sql: Sql, contractId: string): Promise<boolean> {
    if (this.tables.rentals.get(contractId)) return false;
    this.put(sql, { ...NOTHING, contractId, state: 'void', accountId: null, currency: null });
    return true;
  }

  async lock(_: Sql, contractId: string): Promise<RentalRow> {
    const rental = this.tables.rentals.get(contractId);
    if (!rental) throw new Error(`rental ${contractId} is missing`);
    return rental;
  }

  async markSettled(
    sql: Sql,
    contractId: string,
    { refundE9s, earnedE9s }: { readonly refundE9s: bigint; readonly earnedE9s: bigint },
  ): Promise<void> {
    const rental = await this.lock(sql, contractId);
    if (rental.state !== 'charged') throw new Error(`rental ${contractId} was not settled`);
    this.put(sql, { ...rental, state: 'settled', refundedE9s: refundE9s, earnedE9s });
  }

  private put(sql: Sql, rental: RentalRow): void {
    transactionOf(sql).put(this.tables.rentals, rental.contractId, rental);
  }
}
