import { z } from 'zod';
import { fact } from '../wire/fact.ts';
import { ACCOUNT_A, AT, KEY_A } from '../wire/samples.ts';
import { idHex, int64, publicKeyHex } from '../wire/schema.ts';

export const accountRegistered = fact({
  subject: 'evt.accounts.v1.account-registered',
  payload: z.object({
    accountId: idHex(),
    username: z.string(),
    publicKey: publicKeyHex(),
    /** Absent for accounts that a rental created by itself. */
    email: z.string().optional(),
    atNs: int64(),
  }),
  sample: { accountId: ACCOUNT_A, username: 'alice', publicKey: KEY_A, email: 'alice@example.com', atNs: AT },
});

export const keyAdded = fact({
  subject: 'evt.accounts.v1.key-added',
  payload: z.object({ accountId: idHex(), publicKey: publicKeyHex(), atNs: int64() }),
  audience: (key) => [key.accountId],
  live: (key) => ({ event: 'key-added', data: { publicKey: key.publicKey } }),
  sample: { accountId: ACCOUNT_A, publicKey: KEY_A, atNs: AT },
});

export const keyDisabled = fact({
  subject: 'evt.accounts.v1.key-disabled',
  payload: z.object({ accountId: idHex(), publicKey: publicKeyHex(), atNs: int64() }),
  audience: (key) => [key.accountId],
  live: (key) => ({ event: 'key-disabled', data: { publicKey: key.publicKey } }),
  sample: { accountId: ACCOUNT_A, publicKey: KEY_A, atNs: AT },
});
