export * from './attempts.ts';
export * from './emit.ts';
export * from './inbox.ts';
export * from './lag.ts';
export * from './migrations.ts';
export * from './relay.ts';
