import { z } from 'zod';
import { contractIdHex } from '../schema.ts';

/** What a tenant wants to become of a rental whose machine is lost. */
export const whenMachineLost = z.enum(['end', 'make-again']);
export type WhenMachineLost = z.output<typeof whenMachineLost>;

export const tags = ['contracts'];
export const contractParams = z.object({ id: contractIdHex() });
