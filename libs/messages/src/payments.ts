/** Wallets. */
export * from './payments/endpoints/wallet.ts';
