/**
 * Everything that services tell each other without being asked. Sender: the second word of the subject.
 * Facts may arrive twice and out of order: those about one thing carry its `version`.
 */
export * from './accounts/facts.ts';
export * from './agents/facts.ts';
export * from './agents/machine-parts.ts';
export * from './contracts/facts.ts';
export * from './offerings/facts.ts';
export * from './payments/facts.ts';
