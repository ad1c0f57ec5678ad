/** What people ask of their rentals, and what they are shown of them. */
export * from './contracts/contract.ts';
export * from './contracts/endpoints/history.ts';
export * from './contracts/endpoints/looking.ts';
export * from './contracts/endpoints/machine.ts';
export * from './contracts/endpoints/renting.ts';
export { whenMachineLost } from './contracts/parts.ts';
export * from './contracts/rental-steps.ts';
export * from './contracts/ssh-login.ts';
