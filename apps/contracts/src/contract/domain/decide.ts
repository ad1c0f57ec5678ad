import { REASONS, type Reason, Refusal } from '@decent-cloud/kernel';
import type { Change, Contract } from './contract.ts';
import { isPaid } from './contract.ts';
import { isFinal, type WaitingStatus } from './status.ts';
import { waitingOf } from './waiting.ts';

/*
 * What people, payments and time do to a contract. Each decision gives a change, or undefined when there is nothing
 * (more) to do; whether the move is allowed is for `advance` to say.
 */

interface By {
  readonly publicKey: string;
  readonly memo: string | undefined;
}

export function accept({ publicKey, memo }: By): Change {
  return { steps: [{ to: 'accepted', actor: 'provider', changedBy: publicKey, memo }] };
}

export function reject({ publicKey, memo }: By): Change {
  return {
    steps: [
      { to: 'rejected', actor: 'provider', changedBy: publicKey, memo, reason: 'REJECTED_BY_PROVIDER' },
    ],
  };
}

export function cancel({ publicKey, memo }: By): Change {
  return {
    steps: [{ to: 'cancelled', actor: 'tenant', changedBy: publicKey, memo, reason: 'CANCELLED_BY_TENANT' }],
  };
}

/** Nothing to pay, or a test rental: no money moves. */
export function paidWithoutCharge(contract: Contract, nowNs: bigint): Change {
  return paid(contract, 0n, nowNs);
}

/**
 * The books have the charge. Lets the provider's standing order accept; a contract that has ended meanwhile only notes
 * that all of it is to go back.
 * @throws Error when it is not the price: that must be looked at by a person.
 */
export function charged(
  contract: Contract,
  charge: { amountE9s: bigint; currency: string },
  nowNs: bigint,
): Change | undefined {
  if (
    charge.amountE9s !== contract.priceE9s ||
    charge.currency.toUpperCase() !== contract.currency.toUpperCase()
  ) {
    throw new Error(
      `contract ${contract.contractId} costs ${contract.priceE9s} ${contract.currency}, charged were ${charge.amountE9s} ${charge.currency}`,
    );
  }
  if (!isFinal(contract.status)) {
    return contract.paymentStatus === 'pending' ? paid(contract, charge.amountE9s, nowNs) : undefined;
  }
  if (contract.paidE9s === charge.amountE9s) return undefined;
  const refunded = contract.paymentStatus === 'refunded';
  return {
    set: {
      paidE9s: charge.amountE9s,
      paidAtNs: nowNs,
      ...(refunded ? {} : { paymentStatus: 'succeeded' as const }),
    },
    events: [{ eventType: 'payment_confirmed', actor: 'system', details: 'after the end' }],
    settleAgain: true,
  };
}

function paid(contract: Contract, paidE9s: bigint, nowNs: bigint): Change {
  return {
    set: { paymentStatus: 'succeeded', paidE9s, paidAtNs: nowNs },
    events: [{ eventType: 'payment_confirmed', actor: 'system' }],
    steps: contract.autoAccept ? [{ to: 'accepted', actor: 'system', changedBy: 'system' }] : [],
  };
}

/** The wallet said no. `isAnswered`: whoever rents is at the other end and hears it as the answer. */
export function chargeRefused(contract: Contract, reason: Reason, isAnswered = false): Change | undefined {
  if (isFinal(contract.status) || contract.paymentStatus !== 'pending') return undefined;
  return {
    set: { paymentStatus: 'failed' },
    steps: [
      {
        to: 'cancelled',
        actor: 'system',
        changedBy: 'system',
        reason,
        ...(isAnswered ? { isAnswered } : {}),
      },
    ],
  };
}

/** Nobody wants its money any more: it ended while it waited for it, and no charge came before. */
export const endedUnpaid = ({ status, paymentStatus }: Contract): boolean =>
  isFinal(status) && paymentStatus === 'pending';

export function refunded(
  contract: Contract,
  refund: { amountE9s: bigint; atNs: bigint },
): Change | undefined {
  if (!isFinal(contract.status)) {
    throw new Refusal(
      'CONFLICT',
      'TRANSITION_NOT_ALLOWED',
      `A refund came for contract ${contract.contractId}, which is still ${contract.status}`,
    );
  }
  if (contract.refundCreatedAtNs !== null) return undefined;
  return {
    set: {
      paymentStatus: 'refunded',
      refundAmountE9s: refund.amountE9s,
      refundCreatedAtNs: refund.atNs,
    },
  };
}

/** The unit of an ended contract is for rent again. */
export function stockReleased(
  contract: Contract,
  released: { holdId: string; atNs: bigint },
): Change | undefined {
  if (!isFinal(contract.status) || released.holdId !== contract.operationId) {
    throw new Refusal(
      'CONFLICT',
      'TRANSITION_NOT_ALLOWED',
      `Hold ${released.holdId} was given back for contract ${contract.contractId}, which is ${contract.status}`,
    );
  }
  return contract.stockReleasedAtNs === null ? { set: { stockReleasedAtNs: released.atNs } } : undefined;
}

/** A deadline has passed: the move that the state has declared for it. */
export function deadlinePassed(contract: Contract, nowNs: bigint): Change | undefined {
  const { status, deadlineAtNs } = contract;
  if (isFinal(status) || deadlineAtNs === null || deadlineAtNs > nowNs) return undefined;
  const waiting = waitingOf({ ...contract, status: status satisfies WaitingStatus });
  const step = waiting.whenPassed(contract, nowNs);
  const neverStarted = contract.provisioningCompletedAtNs === null && step.reason !== undefined;
  return {
    steps: [step],
    ...(neverStarted ? { set: { failureMessage: REASONS[step.reason as Reason] } } : {}),
  };
}

/** True while the contract waits for its money. */
export const awaitsPayment = (contract: Contract): boolean => !isFinal(contract.status) && !isPaid(contract);

/** What the reconciler does with a contract that waits for its money, given what the books have of it. */
export function unpaidStep(
  contract: Pick<Contract, 'deadlineAtNs'>,
  chargedE9s: bigint,
  nowNs: bigint,
): 'confirm' | 'expire' | 'charge' {
  if (chargedE9s > 0n) return 'confirm';
  return contract.deadlineAtNs !== null && contract.deadlineAtNs <= nowNs ? 'expire' : 'charge';
}
