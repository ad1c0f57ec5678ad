import { Refusal } from '@decent-cloud/kernel';

/** What is known of a public key that asks for an account. */
export interface KeyHolding {
  readonly accountId: string;
  readonly username: string;
  readonly autoCreated: boolean;
  readonly isActive: boolean;
}

/** `make` a new account, or `claim` the one that a rental made for this key. */
export type Registration = 'make' | 'claim';

/** @throws Refusal CONFLICT when the key cannot have another account. */
export function decideRegistration(holding: KeyHolding | undefined): Registration {
  if (!holding) return 'make';
  if (holding.isActive && holding.autoCreated) return 'claim';
  throw new Refusal('CONFLICT', 'KEY_TAKEN', `Public key already belongs to account '${holding.username}'`);
}

export const usernameTaken = () => new Refusal('CONFLICT', 'USERNAME_TAKEN', 'Username already taken');
/** Says nothing about whose address it is. */
export const emailTaken = () => new Refusal('CONFLICT', 'EMAIL_TAKEN', 'This email address cannot be used');
