export * from './connect.ts';
export * from './consume.ts';
export * from './message-age.ts';
export * from './request.ts';
export * from './request-keys.ts';
export * from './signed-request.ts';
export * from './topology.ts';
export * from './trace.ts';
