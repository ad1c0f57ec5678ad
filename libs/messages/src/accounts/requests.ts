import { z } from 'zod';
import { request } from '../wire/endpoint.ts';
import { idHex, publicKeyHex } from '../wire/schema.ts';
import { KEY_STATUSES } from '../words/accounts.ts';

/** Whose key is this? Asked by the gateway for every signer that it has not seen lately. */
export const resolveKey = request({
  subject: 'req.accounts.v1.resolve-key',
  askedBy: ['gateway', 'offerings', 'contracts', 'payments'],
  body: z.object({ publicKey: publicKeyHex() }),
  answer: z.object({
    status: z.enum(KEY_STATUSES),
    accountId: idHex().optional(),
    isAdmin: z.boolean().optional(),
  }),
});

/** The account that rents or holds a wallet; a key without one gets one (`user_<8 hex>`). */
export const ensureAccount = request({
  subject: 'req.accounts.v1.ensure-account',
  askedBy: ['contracts', 'payments'],
  body: z.object({ publicKey: publicKeyHex() }),
  answer: z.object({
    accountId: idHex(),
    username: z.string(),
    /** Absent when nobody registered the account yet: there is nothing to verify then. */
    email: z.string().optional(),
    emailVerified: z.boolean(),
    /** Every active key of the account, at most 20. */
    activePublicKeys: z.array(publicKeyHex()),
    created: z.boolean(),
  }),
});

/** Names for lists: usernames of up to 200 keys. */
export const namesOfKeys = request({
  subject: 'req.accounts.v1.names-of-keys',
  askedBy: ['gateway', 'contracts', 'offerings'],
  body: z.object({ publicKeys: z.array(publicKeyHex()).max(400) }),
  answer: z.object({ names: z.record(z.string(), z.string()) }),
});
