/** All words that travel. Nothing of it needs a schema: a client takes the lists alone. */
export * from './words/accounts.ts';
export * from './words/agents.ts';
export * from './words/contracts.ts';
export * from './words/gateway.ts';
export * from './words/notifications.ts';
export * from './words/offerings.ts';
export * from './words/payments.ts';
