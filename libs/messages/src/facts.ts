/**
 * Everything that services tell each other without being asked. Sender: the second word of the subject.
 * Facts may arrive twice and out of order: those about one thing carry its `version`.
 */
export * from './facts/accounts.ts';
export * from './facts/agents.ts';
export * from './facts/contracts.ts';
export * from './facts/machine-operations.ts';
export * from './facts/offerings.ts';
export * from './facts/payments.ts';
