import { databaseSettings } from '@decent-cloud/runtime';
import { z } from 'zod';

const publicKeys = z.string().transform((list, context) => {
  const keys = list
    .split(',')
    .map((key) => key.trim().toLowerCase())
    .filter((key) => key !== '');
  if (keys.every((key) => /^[0-9a-f]{64}$/.test(key))) return new Set(keys);
  context.addIssue({
    code: 'custom',
    message: 'must be public keys of 64 hex characters, with commas between',
  });
  return z.NEVER;
});

export const accountsSettings = databaseSettings.extend({
  /** Accounts that one of these keys registered are admins, as long as that key is active. */
  ADMIN_PUBLIC_KEYS: publicKeys.prefault(''),
});
export type AccountsSettings = z.output<typeof accountsSettings>;
