export * from './agent-protocol.ts';
export * from './caller.ts';
export * from './endpoint.ts';
export * from './fact.ts';
export * as facts from './facts.ts';
export * as requests from './requests.ts';
export * from './schema.ts';
export * from './topology.ts';
