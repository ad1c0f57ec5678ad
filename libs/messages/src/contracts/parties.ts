import { z } from 'zod';
import { ACCOUNT_A, ACCOUNT_B, KEY_A, KEY_B } from '../wire/samples.ts';
import { idHex, publicKeyHex } from '../wire/schema.ts';

/** Whom a contract concerns. */
export const parties = {
  requesterPublicKey: publicKeyHex(),
  requesterAccountId: idHex(),
  providerPublicKey: publicKeyHex(),
  /** Absent when the provider's key belongs to no account. */
  providerAccountId: idHex().optional(),
};
export const partiesSample = {
  requesterPublicKey: KEY_A,
  requesterAccountId: ACCOUNT_A,
  providerPublicKey: KEY_B,
  providerAccountId: ACCOUNT_B,
};
/** The audience of what happens to it: keys and accounts. */
export const bothParties = (contract: z.output<z.ZodObject<typeof parties>>): string[] =>
  [
    contract.requesterPublicKey,
    contract.requesterAccountId,
    contract.providerPublicKey,
    contract.providerAccountId,
  ].filter((party) => party !== undefined);
