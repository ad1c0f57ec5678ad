export * from './api-error.ts';
export { type CallOptions, type Client, type ClientOptions, createClient } from './client.ts';
export { rootCauseOf } from './root-cause.ts';
export * from './signer.ts';
export type { LiveEvent, SubscribeOptions } from './subscribe.ts';
