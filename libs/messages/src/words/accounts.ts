/** What a public key is to the platform; `unknown`: it belongs to no account. */
export const KEY_STATUSES = ['active', 'disabled', 'unknown'] as const;
export type KeyStatus = (typeof KEY_STATUSES)[number];

/** What live updates of accounts are called. */
export const ACCOUNT_LIVE_EVENTS = ['key-added', 'key-disabled'] as const;
