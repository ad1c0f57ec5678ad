import { publicKeyHex } from '../wire/schema.ts';

export const tags = ['offerings'];
export const providerParams = { pubkey: publicKeyHex() };
