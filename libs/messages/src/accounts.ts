/** People, their keys, and the SSH keys that they show. */
export * from './accounts/endpoints/accounts.ts';
export * from './accounts/endpoints/external-keys.ts';
export * from './accounts/endpoints/keys.ts';
export { accountWithKeys, publicKeyInfo } from './accounts/parts.ts';
