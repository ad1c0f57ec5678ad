/** What people ask of their rentals. */
export * from './contracts/contract.ts';
export * from './contracts/history.ts';
export * from './contracts/looking.ts';
export * from './contracts/machine.ts';
export { whenMachineLost } from './contracts/parts.ts';
export * from './contracts/renting.ts';
