/** What every message is made of; no message is in here. */
export * from './wire/caller.ts';
export * from './wire/email-address.ts';
export * from './wire/endpoint.ts';
export * from './wire/fact.ts';
export * from './wire/schema.ts';
export * from './wire/text.ts';
