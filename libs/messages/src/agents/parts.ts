import { z } from 'zod';
import { publicKeyHex } from '../wire/schema.ts';
import { text } from '../wire/text.ts';

export const tags = ['agents'];
export const providerParams = z.object({ pubkey: publicKeyHex() });
export const poolParams = z.object({ pubkey: publicKeyHex(), pool_id: text(255) });
export const poolsPath = '/api/v1/providers/{pubkey}/pools';
