import type { Contract, Limits, Step } from './contract.ts';
import { isPaid } from './contract.ts';
import type { WaitingStatus } from './status.ts';

/** A state that something must end: who owes the next move, until when, and what happens if it does not come. */
export interface Waiting {
  readonly owner: 'payments' | 'provider' | 'agents' | 'platform';
  readonly reconciler: 'confirm-payments' | 'settle-deadlines';
  deadlineNs(contract: Contract, limits: Limits): bigint;
  /** The move when the deadline has passed. */
  whenPassed(contract: Contract, nowNs: bigint): Step;
}

const bySystem = { actor: 'system', changedBy: 'system-timeout' } as const;

const unpaid = (limit: 'requestedNs' | 'pendingNs'): Waiting => ({
  owner: 'payments',
  reconciler: 'confirm-payments',
  deadlineNs: (contract, limits) => contract.statusUpdatedAtNs + limits[limit],
  whenPassed: () => ({ ...bySystem, to: 'expired', reason: 'PAYMENT_TIMEOUT' }),
});

const unanswered: Waiting = {
  owner: 'provider',
  reconciler: 'settle-deadlines',
  deadlineNs: (contract, limits) => (contract.paidAtNs ?? contract.statusUpdatedAtNs) + limits.responseNs,
  whenPassed: () => ({ ...bySystem, to: 'expired', reason: 'RESPONSE_TIMEOUT' }),
};

const unmade: Waiting = {
  owner: 'agents',
  reconciler: 'settle-deadlines',
  // One budget from acceptance to machine: it is also what the agent was told.
  deadlineNs: (contract, limits) =>
    (contract.acceptedAtNs ?? contract.statusUpdatedAtNs) + limits.provisioningNs,
  whenPassed: () => ({ ...bySystem, to: 'provisioningfailed', reason: 'PROVISIONING_TIMEOUT' }),
};

const earlier = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const termEnd = (contract: Contract): bigint => contract.endsAtNs ?? contract.statusUpdatedAtNs;
const termEnded: Step = { ...bySystem, to: 'expired', reason: 'TERM_ENDED' };

const running: Waiting = {
  owner: 'platform',
  reconciler: 'settle-deadlines',
  deadlineNs: termEnd,
  whenPassed: () => termEnded,
};

const lost: Step = { actor: 'system', changedBy: 'system', to: 'cancelled', reason: 'MACHINE_LOST' };

/** It runs no more. Only the word of its agent, which looks, makes it a lost one: silence never does. */
const down: Waiting = {
  owner: 'agents',
  reconciler: 'settle-deadlines',
  deadlineNs: (contract) =>
    contract.machineAvailability === 'lost' ? contract.statusUpdatedAtNs : termEnd(contract),
  whenPassed: (contract, nowNs) => (nowNs >= termEnd(contract) ? termEnded : lost),
};

const madeAgain: Waiting = {
  owner: 'agents',
  reconciler: 'settle-deadlines',
  deadlineNs: (contract, limits) =>
    earlier(
      (contract.machineWantedAgainAtNs ?? contract.statusUpdatedAtNs) + limits.provisioningNs,
      termEnd(contract),
    ),
  whenPassed: (contract, nowNs) => (nowNs >= termEnd(contract) ? termEnded : lost),
};

const settlingIn: Waiting = {
  owner: 'platform',
  reconciler: 'settle-deadlines',
  deadlineNs: (contract, limits) => {
    return earlier(contract.statusUpdatedAtNs + limits.settleInNs, termEnd(contract));
  },
  whenPassed: (contract, nowNs) =>
    nowNs >= termEnd(contract) ? termEnded : { to: 'active', actor: 'system', changedBy: 'system' },
};

/** Every state that is not final, with how it ends when nothing happens. Only the first two can be unpaid. */
export const waiting: Readonly<
  Record<WaitingStatus, { unpaid?: Waiting; paid: Waiting; down?: Waiting; madeAgain?: Waiting }>
> = {
  requested: { unpaid: unpaid('requestedNs'), paid: unanswered },
  pending: { unpaid: unpaid('pendingNs'), paid: unanswered },
  accepted: { paid: unmade },
  provisioning: { paid: unmade },
  provisioned: { paid: settlingIn, down, madeAgain },
  active: { paid: running, down, madeAgain },
  paused: { paid: running, down, madeAgain },
};

export function waitingOf(contract: Contract & { status: WaitingStatus }): Waiting {
  const kinds = waiting[contract.status];
  if (contract.machineWantedAgainAtNs !== null && kinds.madeAgain) return kinds.madeAgain;
  if (contract.machineAvailability !== 'up' && kinds.down) return kinds.down;
  return isPaid(contract) ? kinds.paid : (kinds.unpaid ?? kinds.paid);
}
