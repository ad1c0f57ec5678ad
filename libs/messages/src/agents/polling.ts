/** Agents that poll over HTTP. */
export * from './endpoints/polling/contracts.ts';
export * from './endpoints/polling/heartbeat.ts';
export * from './endpoints/polling/machine-actions.ts';
export * from './endpoints/polling/reconcile.ts';
