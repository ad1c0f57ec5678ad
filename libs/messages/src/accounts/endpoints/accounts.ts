import { z } from 'zod';
import { emailAddress } from '../../wire/email-address.ts';
import { endpoint } from '../../wire/endpoint.ts';
import { publicKeyHex } from '../../wire/schema.ts';
import { newUsername } from '../account-names.ts';
import { accountWithKeys, EXAMPLE_KEY, tags, usernameParam } from '../parts.ts';

export const registerAccount = endpoint({
  method: 'POST',
  path: '/api/v1/accounts',
  subject: 'req.accounts.v1.register-account',
  auth: 'signed',
  rateTier: 'strict',
  summary: 'Register an account, signed by the key that it is for',
  tags,
  body: z.object({ username: newUsername(), publicKey: publicKeyHex(), email: emailAddress() }).meta({
    id: 'RegisterAccountRequest',
    examples: [{ username: 'alice', publicKey: EXAMPLE_KEY.publicKey, email: 'alice@example.com' }],
  }),
  answer: accountWithKeys,
  refusals: ['USERNAME_TAKEN', 'EMAIL_TAKEN', 'KEY_TAKEN', 'KEY_UNACCEPTABLE', 'NOT_OWNER'],
});

export const findAccount = endpoint({
  method: 'GET',
  path: '/api/v1/accounts',
  subject: 'req.accounts.v1.find-account',
  auth: 'optional',
  summary: 'Find the account of an active public key: this is how one logs in',
  tags,
  query: z.object({ publicKey: publicKeyHex() }),
  answer: accountWithKeys,
  refusals: ['ACCOUNT_NOT_FOUND'],
});

export const getAccount = endpoint({
  method: 'GET',
  path: '/api/v1/accounts/{username}',
  subject: 'req.accounts.v1.get-account',
  auth: 'optional',
  summary: 'Show an account by its username, in any case',
  tags,
  params: z.object(usernameParam),
  answer: accountWithKeys,
  refusals: ['ACCOUNT_NOT_FOUND'],
});
