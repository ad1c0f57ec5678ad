/** What services ask each other. The same as an endpoint, without a door to the outside. */
export * from './accounts/requests.ts';
export * from './agents/requests.ts';
export * from './contracts/requests.ts';
export * from './notifications/requests.ts';
export * from './offerings/requests.ts';
export * from './payments/requests.ts';
