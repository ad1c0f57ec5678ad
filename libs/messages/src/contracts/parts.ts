import { z } from 'zod';
import { contractIdHex } from '../schema.ts';

export const tags = ['contracts'];
export const contractParams = z.object({ id: contractIdHex() });
