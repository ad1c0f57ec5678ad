export * from './connect.ts';
export * from './consume.ts';
export * from './request.ts';
export * from './topology.ts';
export * from './trace.ts';
