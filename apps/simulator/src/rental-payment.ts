import { Refusal, secondsToNs } from '@decent-cloud/kernel';
import { requests } from '@decent-cloud/messages';
import type { Contract } from '../../contracts/src/contract/domain/contract.ts';
import type { ContractRows, Decide } from './contract-rows.ts';
import { DatabaseAwayError } from './database.ts';
import type { Process } from './kernel.ts';
import type { Payments } from './payments.ts';
import type { Random } from './random.ts';
import type { Rules } from './rules.ts';

const GRACE_NS = secondsToNs(10);

export interface ContractMutations {
  /** The number under which a rental is made is drawn anew on each attempt. */
  readonly regeneratedOperation: boolean;
  /** The number under which money is asked for is drawn anew on each attempt. */
  readonly regeneratedCharge: boolean;
  /** After a lost answer the unit is given back without a look whether the contract was written. */
  readonly givesUpBlindly: boolean;
  /** A change is written though the contract has changed since it was read. */
  readonly writesWhatWasRead: boolean;
  /** Units are held before it is known whether they can be paid. */
  readonly reservesNoFunds: boolean;
  readonly settlesNoDeadlines: boolean;
  readonly confirmsNoPayments: boolean;
}
export interface RentalPaymentParts {
  readonly rules: Rules['contracts'];
  readonly mutant: ContractMutations;
  readonly random: Random;
  readonly rows: ContractRows;
  now(): bigint;
  payments(): Payments;
  change(contractId: string, decide: Decide, now: bigint): Process<Contract>;
}
type Outcome = 'settled' | 'unknown' | 'ended';

/** Takes the price of a rental, and finds out what became of it. */
export class RentalPayment {
  constructor(private readonly parts: RentalPaymentParts) {}

  *charge(contract: Contract): Process<Outcome> {
    const { contractId, tenantAccountId: accountId, priceE9s: amountE9s, currency } = contract;
    const { operationId: reservationId } = contract;
    const asked = this.parts.mutant.regeneratedCharge ? this.parts.random.hex(32) : contractId;
    let chargedE9s: bigint;
    try {
      const answer = yield* this.parts
        .payments()
        .ask('contracts', requests.chargeRental.subject, () =>
          this.parts
            .payments()
            .chargeRental({ contractId: asked, accountId, amountE9s, currency, reservationId }),
        );
      chargedE9s = answer.chargedE9s;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.code === 'UNAVAILABLE') return 'unknown';
      const { reason } = error;
      const after = yield* this.parts.change(
        contractId,
        (known) => this.parts.rules.chargeRefused(known, reason),
        this.parts.now(),
      );
      if (this.parts.rules.endedUnpaid(after)) return 'ended';
      if (after.paidE9s > 0n) return 'settled';
      throw error;
    }
    try {
      yield* this.confirm(contract, chargedE9s, this.parts.now());
      return 'settled';
    } catch (error) {
      if (!(error instanceof DatabaseAwayError)) throw error;
      return 'unknown';
    }
  }

  private confirm({ contractId, currency }: Contract, amountE9s: bigint, now: bigint): Process<Contract> {
    return this.parts.change(
      contractId,
      (known) => this.parts.rules.charged(known, { amountE9s, currency }, now),
      now,
    );
  }

  *confirmPayments(): Process {
    if (this.parts.mutant.confirmsNoPayments) return;
    const now = this.parts.now();
    const unpaid = [...this.parts.rows.contracts.values()].filter(
      (contract) =>
        contract.paymentStatus === 'pending' &&
        contract.deadlineAtNs !== null &&
        contract.createdAtNs <= now - GRACE_NS,
    );
    if (unpaid.length === 0) return;
    const ids = unpaid.map(({ contractId }) => contractId);
    const payments = yield* this.parts
      .payments()
      .ask('contracts', requests.rentalPayments.subject, () => this.parts.payments().rentalPayments(ids));
    const inBooks = new Map(payments.map((payment) => [payment.contractId, payment.chargedE9s]));
    for (const contract of unpaid) {
      yield* tolerant(this.finish(contract, inBooks.get(contract.contractId) ?? 0n, now));
    }
  }

  private *finish(contract: Contract, chargedE9s: bigint, now: bigint): Process {
    const { rules } = this.parts;
    const step = rules.unpaidStep(contract, chargedE9s, now);
    if (step === 'confirm') yield* this.confirm(contract, chargedE9s, now);
    else if (step === 'charge') yield* this.charge(contract);
    else {
      const decide: Decide = (known) =>
        rules.awaitsPayment(known) ? rules.deadlinePassed(known, now) : undefined;
      yield* this.parts.change(contract.contractId, decide, now);
    }
  }
}

/** One that fails does not stop the others; it is tried again. */
export function* tolerant(work: Process<unknown>): Process {
  try {
    yield* work;
  } catch (error) {
    if (!(error instanceof Refusal) && !(error instanceof DatabaseAwayError)) throw error;
  }
}
