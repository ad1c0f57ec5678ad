import { z } from 'zod';
import { int32, publicKeyHex } from './schema.ts';

/** What hangs on a public key in this service; asked before the key joins an account. */
export const holdingsOfKey = {
  askedBy: ['accounts'] as const,
  body: z.object({ publicKey: publicKeyHex() }),
  answer: z.object({
    /** In the plural: "offerings". What is not there may be left out. */
    holdings: z.array(z.object({ what: z.string(), count: int32(0) })).max(10),
  }),
};
