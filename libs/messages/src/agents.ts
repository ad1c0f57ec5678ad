/** Pools of agents, how agents join them, and what their providers see of them. */
export * from './agents/delegations.ts';
export * from './agents/joining.ts';
export * from './agents/pools.ts';
