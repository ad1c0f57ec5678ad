import { Refusal } from '@decent-cloud/kernel';

export const MAX_ACTIVE_KEYS = 10;
/** Disabled ones included: they are shown with the account. */
export const MAX_KEYS_EVER = 100;
const KEY_ID = /^[0-9a-f]{32}$/;

/** @throws Refusal INVALID when the text is no key id. */
export function parseKeyId(text: string): string {
  const id = text.toLowerCase();
  if (KEY_ID.test(id)) return id;
  throw new Refusal(
    'INVALID',
    'INVALID_INPUT',
    `Invalid key id hex: expected 32 hex characters (value: ${text})`,
  );
}

export interface KeyCounts {
  readonly active: number;
  /** Active and disabled ones. */
  readonly all: number;
  readonly invited: number;
}

/** @throws Refusal LIMIT when the account can invite no further key. */
export function assertRoomForInvitation({ active, all, invited }: KeyCounts): void {
  assertRoomForKey({ active: active + invited, all: all + invited });
}

/** @throws Refusal LIMIT when the account can take no further key. */
export function assertRoomForKey({ active, all }: Pick<KeyCounts, 'active' | 'all'>): void {
  if (active >= MAX_ACTIVE_KEYS) {
    throw new Refusal('LIMIT', 'KEY_LIMIT', `Maximum ${MAX_ACTIVE_KEYS} keys per account`);
  }
  if (all >= MAX_KEYS_EVER) {
    throw new Refusal(
      'LIMIT',
      'KEY_LIMIT',
      `Maximum ${MAX_KEYS_EVER} keys per account, disabled ones included`,
    );
  }
}

/** @throws Refusal CONFLICT when nobody could sign in any more. */
export function assertNotLastKey(activeKeys: number): void {
  if (activeKeys <= 1) throw new Refusal('CONFLICT', 'LAST_KEY', 'Cannot remove the last active key');
}

export const keyTaken = () =>
  new Refusal('CONFLICT', 'KEY_TAKEN', 'Public key already belongs to an account');

export const keyNotFound = (text = 'Key not found') => new Refusal('NOT_FOUND', 'KEY_NOT_FOUND', text);

export const accountNotFound = () => new Refusal('NOT_FOUND', 'ACCOUNT_NOT_FOUND', 'Account not found');

export const NOT_YOUR_ACCOUNT = 'Authenticated key does not belong to this account';
