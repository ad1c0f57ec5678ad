import { Refusal } from '@decent-cloud/kernel';
import type { Caller } from '@decent-cloud/messages';

export type User = Extract<Caller, { kind: 'user' }>;
export type Agent = Extract<Caller, { kind: 'agent' }>;

/** The signed user. @throws Refusal UNAUTHENTICATED for anybody else. */
export function requireUser(caller: Caller): User {
  if (caller.kind === 'user') return caller;
  throw new Refusal('UNAUTHENTICATED', 'SIGNATURE_MISSING', 'This request must be signed by a user');
}

/** The signed agent. @throws Refusal UNAUTHENTICATED for anybody else. */
export function requireAgent(caller: Caller): Agent {
  if (caller.kind === 'agent') return caller;
  throw new Refusal('UNAUTHENTICATED', 'DELEGATION_MISSING', 'This request must be signed by an agent');
}

/** The asking service. @throws Refusal FORBIDDEN for anybody from outside. */
export function requireService(caller: Caller): void {
  if (caller.kind !== 'service') throw new Refusal('FORBIDDEN', 'NOT_OWNER', 'Only services may ask this');
}

/**
 * True when the user is this party: the same key, or another key of the same account.
 * `accountId` is what was known of the party's account when it was written down.
 */
export function isParty(user: User, publicKey: string, accountId: string | null | undefined): boolean {
  return user.publicKey === publicKey || (user.accountId !== undefined && user.accountId === accountId);
}
