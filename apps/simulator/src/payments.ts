import type { Database as RealDatabase } from '@decent-cloud/postgres';
import { type AccountName, testTopUp } from '../../payments/src/ledger/domain/transfer.ts';
import type { LedgerStore } from '../../payments/src/ledger/ledger.store.ts';
import type { ReservationStore } from '../../payments/src/ledger/reservation.store.ts';
import type { RentalStore } from '../../payments/src/rental/rental.store.ts';
import { WALLET_CURRENCY } from '../../payments/src/wallet/domain/wallet.ts';
import { type Flows, realFlows } from './flows.ts';
import type { Parts } from './parts.ts';
import {
  LedgerInMemory,
  PaymentTables,
  RentalsInMemory,
  ReservationsInMemory,
} from './payments-in-memory.ts';
import { Service, type Surroundings } from './service.ts';
import { standIn } from './stand-in.ts';

/** The real service of wallets and books, over tables in memory. */
export class Payments extends Service {
  readonly rows = new PaymentTables();
  private readonly reservations = new ReservationsInMemory(this.rows);
  private readonly ledger = new LedgerInMemory(this.rows, this.reservations);

  constructor(
    around: Surroundings,
    skewUs: number,
    private readonly parts: Parts['payments'],
  ) {
    super('payments', skewUs, around);
    this.readFacts('payments');
  }

  protected flows(): Flows {
    const { parts, logger, around } = this;
    const database = standIn<RealDatabase, 'transaction'>(this.database);
    const reservations = standIn<ReservationStore>(this.reservations);
    const ledger = standIn<LedgerStore>(this.ledger);
    const rentals = standIn<RentalStore>(new RentalsInMemory(this.database, this.rows, around.recorder));
    return realFlows(
      [
        new parts.ReserveFunds(database, reservations),
        new parts.ReleaseFunds(database, reservations),
        new parts.ChargeRental(database, ledger, rentals),
        new parts.RentalPayments(rentals),
        new parts.OnContractEnded(ledger, rentals, logger),
      ],
      {},
    );
  }

  /** Test money, before anything happens. */
  topUp(accountId: string, operationId: string, amountE9s: bigint): void {
    const transfer = testTopUp({ operationId, accountId, amountE9s, currency: WALLET_CURRENCY });
    this.ledger.postAtOnce(this.database.begin(), transfer);
  }

  balanceOf(account: AccountName): bigint {
    return this.rows.balanceOf(account);
  }
}
