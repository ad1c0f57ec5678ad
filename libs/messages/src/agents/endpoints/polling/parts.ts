import { z } from 'zod';
import { contractIdHex, publicKeyHex } from '../../../wire/schema.ts';

/*
 * Agents that poll over HTTP, as they were shipped. They are answered by the same coordinator as the agents that are
 * connected to the broker.
 */

export const tags = ['agents that poll'];
export const providerParams = z.object({ pubkey: publicKeyHex() });
export const contractOfProvider = z.object({ pubkey: publicKeyHex(), contract_id: contractIdHex() });
export const contractParams = z.object({ id: contractIdHex() });
