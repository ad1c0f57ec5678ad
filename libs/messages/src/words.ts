/** All words that travel. Nothing of it needs a schema: a client takes the lists alone. */
export * from './accounts/words.ts';
export * from './agents/words.ts';
export * from './contracts/words.ts';
export * from './gateway/words.ts';
export * from './notifications/words.ts';
export * from './offerings/words.ts';
export * from './payments/words.ts';
