import { Refusal } from '@decent-cloud/kernel';

export type RentalState = 'charged' | 'settled' | 'void';

/** What the ledger did for one contract. */
export interface Rental {
  readonly contractId: string;
  readonly state: RentalState;
  readonly accountId: string | null;
  readonly currency: string | null;
  readonly chargedE9s: bigint;
}

export interface Charge {
  readonly accountId: string;
  readonly amountE9s: bigint;
  readonly currency: string;
}

/**
 * A contract that was charged already is charged once: the same charge again is fine.
 * @throws Refusal when it is a different one, or the rental ended before it was paid.
 */
export function assertSameCharge(rental: Rental, charge: Charge): void {
  if (rental.state === 'void') {
    throw new Refusal(
      'CONFLICT',
      'TRANSITION_NOT_ALLOWED',
      'This rental ended before it was paid: it cannot be charged any more',
    );
  }
  if (
    rental.chargedE9s !== charge.amountE9s ||
    rental.currency !== charge.currency ||
    rental.accountId !== charge.accountId
  ) {
    throw new Refusal(
      'UNPROCESSABLE',
      'IDEMPOTENCY_KEY_REUSED',
      'This contract was charged before, with another amount, currency or account',
    );
  }
}

export interface Ended {
  readonly paidE9s: bigint;
  readonly refundE9s: bigint;
  readonly earnedE9s: bigint;
}

export type Settlement =
  /** Settled or void before. */
  | { readonly kind: 'done' }
  | { readonly kind: 'settle'; readonly refundE9s: bigint; readonly earnedE9s: bigint };

/**
 * How the money of an ended, once charged contract is shared out.
 * @throws Error when the fact and the books disagree: nobody may guess where money goes.
 */
export function decideSettlement(rental: Rental, ended: Ended): Settlement {
  if (rental.state !== 'charged') return { kind: 'done' };
  // The charge overtook the end: whoever ended the contract knew of no payment.
  if (ended.paidE9s === 0n) return { kind: 'settle', refundE9s: rental.chargedE9s, earnedE9s: 0n };
  if (ended.paidE9s !== rental.chargedE9s || ended.refundE9s + ended.earnedE9s !== rental.chargedE9s) {
    throw new Error(
      `contract ${rental.contractId} was charged ${rental.chargedE9s}, but ended with paid ${ended.paidE9s}, ` +
        `refund ${ended.refundE9s}, earned ${ended.earnedE9s}`,
    );
  }
  return { kind: 'settle', refundE9s: ended.refundE9s, earnedE9s: ended.earnedE9s };
}
