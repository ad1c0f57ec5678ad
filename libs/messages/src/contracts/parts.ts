import { z } from 'zod';
import { contractIdHex } from '../wire/schema.ts';
import { WHEN_MACHINE_LOST } from '../words/contracts.ts';

export const whenMachineLost = z.enum(WHEN_MACHINE_LOST);

export const tags = ['contracts'];
export const contractParams = z.object({ id: contractIdHex() });
