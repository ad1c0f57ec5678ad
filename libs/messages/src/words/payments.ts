/* The words of wallets that travel, each list once. */

/** What an entry of a wallet is. */
export const WALLET_ENTRIES = ['topup', 'rental_debit', 'rental_refund', 'adjustment'] as const;
export type WalletEntry = (typeof WALLET_ENTRIES)[number];

export const TOP_UP_METHODS = ['test', 'stripe'] as const;
export type TopUpMethod = (typeof TOP_UP_METHODS)[number];

/** What live updates of wallets are called. */
export const WALLET_LIVE_EVENTS = ['wallet-changed', 'refund-issued'] as const;
