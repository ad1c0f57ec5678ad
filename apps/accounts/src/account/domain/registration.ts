import { Refusal } from '@decent-cloud/kernel';

/** What is known of a public key that asks for an account. */
export interface KeyHolding {
  readonly accountId: string;
  readonly username: string;
  readonly autoCreated: boolean;
  readonly isActive: boolean;
  readonly proven: boolean;
  readonly otherActiveKeys: number;
}

/**
 * `make` a new account; `claim` the one that a rental made for this key; `release` the key from an account whose owner
 * added it without its holder ever signing for that, then make a new one.
 */
export type Registration = 'make' | 'claim' | 'release';

/** @throws Refusal CONFLICT when the key cannot have another account. */
export function decideRegistration(holding: KeyHolding | undefined): Registration {
  if (!holding) return 'make';
  if (holding.isActive && holding.proven && holding.autoCreated) return 'claim';
  if (holding.isActive && !holding.proven && holding.otherActiveKeys > 0) return 'release';
  throw new Refusal('CONFLICT', 'KEY_TAKEN', `Public key already belongs to account '${holding.username}'`);
}

export const usernameTaken = () => new Refusal('CONFLICT', 'USERNAME_TAKEN', 'Username already taken');
/** Says nothing about whose address it is. */
export const emailTaken = () => new Refusal('CONFLICT', 'EMAIL_TAKEN', 'This email address cannot be used');
export const keyTaken = () =>
  new Refusal('CONFLICT', 'KEY_TAKEN', 'Public key already belongs to an account');
