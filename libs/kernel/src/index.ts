export * from './exact-json.ts';
export * from './ids.ts';
export * from './money.ts';
export * from './reasons.ts';
export * from './refusal.ts';
export * from './retry.ts';
export * from './time.ts';
export * from './transitions.ts';
