/** Pools of agents, how agents join them, what their providers see of them, and how well machines are. */
export * from './agents/endpoints/delegations.ts';
export * from './agents/endpoints/dns.ts';
export * from './agents/endpoints/health.ts';
export * from './agents/endpoints/joining.ts';
export * from './agents/endpoints/pools.ts';
