import { type Answer, type FactPayload, facts, requests } from '@decent-cloud/messages';
import type { AccountName, Transfer } from '../../payments/src/ledger/domain/transfer.ts';
import { nameOf } from '../../payments/src/ledger/domain/transfer.ts';
import type { Charge, Rental } from '../../payments/src/rental/domain/rental.ts';
import { WALLET_CURRENCY } from '../../payments/src/wallet/domain/wallet.ts';
import { Table, type Transaction } from './database.ts';
import { answering, type Flows, modelledReactions } from './flows.ts';
import type { Process } from './kernel.ts';
import type { Rules } from './rules.ts';
import { Service, type Surroundings } from './service.ts';

export interface RentalRow extends Rental {
  readonly refundedE9s: bigint;
  readonly earnedE9s: bigint;
  readonly providerPublicKey: string | null;
}
interface Reservation {
  readonly reservationId: string;
  readonly accountId: string;
  readonly currency: string;
  readonly amountE9s: bigint;
  /** 0: used up, or let go of. */
  readonly untilNs: bigint;
}
export interface PostedTransfer extends Transfer {
  readonly balancesAfter: ReadonlyMap<string, bigint>;
}

/** The books: double entry, one transfer for each key, money held from charge to settlement. */
export class Payments extends Service {
  readonly balances = new Table<string, AccountName & { readonly balanceE9s: bigint }>();
  readonly transfers = new Table<string, PostedTransfer>();
  readonly rentals = new Table<string, RentalRow>();
  readonly reservations = new Table<string, Reservation>();

  constructor(
    around: Surroundings,
    skewUs: number,
    private readonly rules: Rules['payments'],
  ) {
    super('payments', skewUs, around);
    this.readFacts('payments');
  }

  protected flows(): Flows {
    return {
      verbs: this.answers(
        answering(requests.reserveFunds, (body) => this.reserveFunds(body)),
        answering(requests.releaseFunds, (body) => this.releaseFunds(body)),
        answering(requests.chargeRental, (body) => this.chargeRental(body)),
        answering(requests.rentalPayments, (body) => this.rentalPayments(body.contractIds)),
      ),
      reactions: modelledReactions(
        new Map([
          [
            facts.contractEnded.subject,
            (ended: FactPayload<typeof facts.contractEnded>, tx: Transaction) => this.settle(ended, tx),
          ],
        ]),
      ),
    };
  }

  /** Test money, before anything happens. */
  topUp(accountId: string, operationId: string, amountE9s: bigint): void {
    const transfer = this.rules.testTopUp({ operationId, accountId, amountE9s, currency: WALLET_CURRENCY });
    this.post(this.database.begin(), transfer);
  }

  balanceOf(account: AccountName): bigint {
    return this.balances.get(nameOf(account))?.balanceE9s ?? 0n;
  }

  /** Money that is set aside in a wallet, but for one reservation. */
  private reservedByOthers(owner: string, ownId: string | undefined, now: bigint): bigint {
    let reserved = 0n;
    for (const { reservationId, accountId, amountE9s, untilNs } of this.reservations.values()) {
      if (accountId === owner && reservationId !== ownId && untilNs > now) reserved += amountE9s;
    }
    return reserved;
  }

  /** Is so much set aside under this id? */
  hasReserved(reservationId: string, amountE9s: bigint): boolean {
    const known = this.reservations.get(reservationId);
    return known !== undefined && known.untilNs > this.now && known.amountE9s >= amountE9s;
  }

  reserveFunds(reservation: Reservation): Process<{ reservedE9s: bigint }> {
    return this.transaction((tx) => {
      const { reservationId, accountId, amountE9s } = reservation;
      const account = { kind: 'wallet', owner: accountId } as const;
      const balanceE9s = this.balanceOf(account);
      const reservedE9s = this.reservedByOthers(accountId, reservationId, tx.now);
      this.rules.assertAboveFloor({ ...account, balanceE9s, reservedE9s }, -amountE9s, reservation.currency);
      tx.put(this.reservations, reservationId, reservation);
      return { reservedE9s: amountE9s };
    });
  }

  releaseFunds({ reservationId }: { reservationId: string }): Process<{ released: boolean }> {
    return this.transaction((tx) => {
      const known = this.reservations.get(reservationId);
      if (known) tx.put(this.reservations, reservationId, { ...known, untilNs: 0n });
      return { released: known !== undefined };
    });
  }

  *chargeRental(
    input: { contractId: string; reservationId?: string | undefined } & Charge,
  ): Process<{ chargedE9s: bigint; balanceE9s: bigint }> {
    const { contractId, accountId, amountE9s, reservationId } = input;
    const charge = { accountId, amountE9s, currency: input.currency.toUpperCase() };
    const { currency } = charge;
    const transfer = this.rules.rentalCharge({ contractId, ...charge });
    const posted = yield* this.transaction((tx) => {
      const known = this.rentals.get(contractId);
      if (known) {
        if (known.state === 'void') this.around.recorder.seen('end that overtook the charge');
        this.rules.assertSameCharge(known, charge);
        return this.transfers.get(transfer.idempotencyKey) as PostedTransfer;
      }
      tx.put(this.rentals, contractId, {
        contractId,
        state: 'charged',
        accountId,
        currency,
        chargedE9s: amountE9s,
        refundedE9s: 0n,
        earnedE9s: 0n,
        providerPublicKey: null,
      });
      const done = this.post(tx, transfer, reservationId);
      tx.say({
        declaration: facts.rentalCharged,
        payload: { contractId, accountId, amountE9s, currency, atNs: tx.now },
      });
      tx.say({
        declaration: facts.walletChanged,
        payload: {
          accountId,
          entryType: 'rental_debit',
          amountE9s: -amountE9s,
          balanceE9s: walletAfter(done, accountId),
          currency,
          reference: contractId,
          atNs: tx.now,
        },
      });
      return done;
    });
    return { chargedE9s: amountE9s, balanceE9s: walletAfter(posted, accountId) };
  }

  private *rentalPayments(contractIds: readonly string[]): Process<Answer<typeof requests.rentalPayments>> {
    yield this.around.kernel.random.int(200, 2_000);
    const payments = contractIds.flatMap((contractId) => {
      const rental = this.rentals.get(contractId);
      if (!rental || rental.state === 'void') return [];
      const { chargedE9s, refundedE9s, state } = rental;
      return [{ contractId, chargedE9s, refundedE9s, settled: state === 'settled' }];
    });
    return { payments };
  }

  private settle(ended: FactPayload<typeof facts.contractEnded>, tx: Transaction): void {
    const { contractId, providerPublicKey } = ended;
    const rental = this.rentals.get(contractId);
    if (!rental) {
      const empty = { accountId: null, currency: null, providerPublicKey: null };
      const none = { chargedE9s: 0n, refundedE9s: 0n, earnedE9s: 0n };
      tx.put(this.rentals, contractId, { contractId, state: 'void', ...empty, ...none });
      if (ended.paidE9s > 0n && ended.paymentMethod === 'wallet') {
        throw new Error(`${contractId} ended as paid, but was never charged`);
      }
      return;
    }
    const settlement = this.rules.decideSettlement(rental, ended);
    if (settlement.kind === 'done') return;
    if (ended.paidE9s === 0n) this.around.recorder.seen('charge that overtook the end');
    const { accountId, currency } = rental;
    if (accountId === null || currency === null) throw new Error(`rental ${contractId} has no payer`);
    const { refundE9s, earnedE9s } = settlement;
    const posted = this.post(
      tx,
      this.rules.rentalSettlement({
        contractId,
        accountId,
        providerPublicKey,
        refundE9s,
        earnedE9s,
        currency,
      }),
    );
    tx.put(this.rentals, contractId, {
      ...rental,
      state: 'settled',
      refundedE9s: refundE9s,
      earnedE9s,
      providerPublicKey,
    });
    const balanceE9s = posted.balancesAfter.get(nameOf({ kind: 'wallet', owner: accountId }));
    if (balanceE9s === undefined) return;
    const refund = { accountId, amountE9s: refundE9s, currency, atNs: tx.now };
    tx.say({ declaration: facts.refundIssued, payload: { contractId, ...refund } });
    tx.say({
      declaration: facts.walletChanged,
      payload: { ...refund, entryType: 'rental_refund', balanceE9s, reference: contractId },
    });
  }

  /** Moves money once. @throws Refusal when a wallet holds too little */
  private post(tx: Transaction, transfer: Transfer, reservationId?: string): PostedTransfer {
    const known = this.transfers.get(transfer.idempotencyKey);
    if (known) return known;
    const balancesAfter = new Map<string, bigint>();
    for (const { account, amountE9s } of transfer.movements) {
      const name = nameOf(account);
      const balanceE9s = this.balanceOf(account);
      const reservedE9s =
        account.kind === 'wallet' ? this.reservedByOthers(account.owner, reservationId, tx.now) : 0n;
      this.rules.assertAboveFloor({ ...account, balanceE9s, reservedE9s }, amountE9s, transfer.currency);
      tx.put(this.balances, name, { ...account, balanceE9s: balanceE9s + amountE9s });
      balancesAfter.set(name, balanceE9s + amountE9s);
    }
    const reservation = reservationId === undefined ? undefined : this.reservations.get(reservationId);
    if (reservation) tx.put(this.reservations, reservation.reservationId, { ...reservation, untilNs: 0n });
    const posted = { ...transfer, balancesAfter };
    tx.put(this.transfers, transfer.idempotencyKey, posted);
    return posted;
  }
}

function walletAfter(posted: PostedTransfer, accountId: string): bigint {
  const balance = posted.balancesAfter.get(nameOf({ kind: 'wallet', owner: accountId }));
  if (balance === undefined) throw new Error(`no posting for the wallet of ${accountId}`);
  return balance;
}
