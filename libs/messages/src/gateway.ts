/** What the gateway itself answers. */
export * from './gateway/endpoints/platform.ts';
