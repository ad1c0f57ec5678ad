import { Refusal } from '@decent-cloud/kernel';
import { isParty, type User } from '@decent-cloud/runtime';
import type { Party } from './domain/allowed-actions.ts';
import type { Parties } from './domain/contract-parts.ts';

export const isTenant = (user: User, contract: Parties): boolean =>
  isParty(user, contract.tenantPublicKey, contract.tenantAccountId);

export const isProvider = (user: User, contract: Parties): boolean =>
  isParty(user, contract.providerPublicKey, contract.providerAccountId);

/** Whom of its parties the user is: one's own offering makes one both. */
export const partiesOfUser = (user: User, contract: Parties): Party[] => [
  ...(isTenant(user, contract) ? (['tenant'] as const) : []),
  ...(isProvider(user, contract) ? (['provider'] as const) : []),
];

/** @throws Refusal FORBIDDEN for everybody but tenant and provider. */
export function assertEitherParty(user: User, contract: Parties): void {
  if (isTenant(user, contract) || isProvider(user, contract)) return;
  throw unauthorized('only tenant and provider may see this contract');
}

export function assertTenant(user: User, contract: Parties, doing: string): void {
  if (!isTenant(user, contract)) throw unauthorized(`only the tenant may ${doing}`);
}

export function assertProvider(user: User, contract: Parties, doing: string): void {
  if (!isProvider(user, contract)) throw unauthorized(`only the provider may ${doing}`);
}

const unauthorized = (why: string): Refusal =>
  new Refusal('FORBIDDEN', 'OWN_CONTRACT', `Unauthorized: ${why}`);
