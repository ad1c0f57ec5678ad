export * from './facts/contract.ts';
export * from './facts/machine.ts';
export * from './facts/machine-actions.ts';
export * from './machine-parts.ts';
