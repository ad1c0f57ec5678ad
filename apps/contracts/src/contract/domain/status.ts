import { defineLifecycle } from '@decent-cloud/kernel';
import { type ContractEnd, type ContractStatus, HAS_MACHINE_IN_USE } from '@decent-cloud/messages/words';

export type Status = ContractStatus;
export type FinalStatus = ContractEnd;
export type WaitingStatus = Exclude<Status, FinalStatus>;

type Moves = Readonly<
  Record<WaitingStatus, readonly [Status, ...Status[]]> & Record<FinalStatus, readonly []>
>;

/** The life of a rental: the only table of moves. Everything else derives from it. */
const table = {
  requested: ['pending', 'accepted', 'rejected', 'cancelled', 'expired'],
  pending: ['accepted', 'rejected', 'cancelled', 'expired'],
  accepted: ['provisioning', 'provisioningfailed', 'rejected', 'cancelled'],
  provisioning: ['provisioned', 'provisioningfailed', 'cancelled'],
  provisioned: ['active', 'paused', 'cancelled', 'expired'],
  active: ['paused', 'cancelled', 'expired'],
  paused: ['active', 'provisioned', 'cancelled', 'expired'],
  rejected: [],
  cancelled: [],
  expired: [],
  provisioningfailed: [],
} as const satisfies Moves;

export const lifecycle = defineLifecycle<Status>('requested', table);

/** Provider and machine do something for the tenant, or will: only a paid contract may be here. */
const NEEDS_PAYMENT: Readonly<Record<Status, boolean>> = {
  requested: false,
  pending: false,
  accepted: true,
  provisioning: true,
  provisioned: true,
  active: true,
  paused: true,
  rejected: false,
  cancelled: false,
  expired: false,
  provisioningfailed: false,
};
export const needsPayment = (status: Status): boolean => NEEDS_PAYMENT[status];

/** There is a machine that the tenant can use. */
export const hasMachineInUse = (status: Status): boolean => HAS_MACHINE_IN_USE[status];

/** The provider owes an answer, once it is paid. */
export const awaitsAnswer = (status: Status): boolean => lifecycle.canMove(status, 'accepted');

export const isFinal = (status: Status): status is FinalStatus => lifecycle.isFinal(status);

const ALIASES: Readonly<Record<string, Status>> = {
  canceled: 'cancelled',
  provisioning_failed: 'provisioningfailed',
};

/** Reads a status as clients write it: any case, two old spellings. */
export function parseStatus(text: string): Status | undefined {
  const word = text.trim().toLowerCase();
  const status = ALIASES[word] ?? word;
  return lifecycle.states.find((state) => state === status);
}
