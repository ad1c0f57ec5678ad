import { defineLifecycle } from '@decent-cloud/kernel';

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
} as const;

export type Status = keyof typeof table;
export type FinalStatus = { [S in Status]: (typeof table)[S] extends readonly [] ? S : never }[Status];
export type WaitingStatus = Exclude<Status, FinalStatus>;

export const lifecycle = defineLifecycle<Status>('requested', table);

/** Provider and machine do something for the tenant, or will: only a paid contract may be here. */
const NEEDS_PAYMENT: ReadonlySet<Status> = new Set([
  'accepted',
  'provisioning',
  'provisioned',
  'active',
  'paused',
]);
export const needsPayment = (status: Status): boolean => NEEDS_PAYMENT.has(status);

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
