import { z } from 'zod';
import { contractIdHex } from '../schema.ts';
import { WHEN_MACHINE_LOST } from './words.ts';

export const whenMachineLost = z.enum(WHEN_MACHINE_LOST);

export const tags = ['contracts'];
export const contractParams = z.object({ id: contractIdHex() });
