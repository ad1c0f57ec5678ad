import { publicKeyHex } from '../schema.ts';

export const tags = ['offerings'];
export const providerParams = { pubkey: publicKeyHex() };
