import { z } from 'zod';
import { endpoint } from '../../wire/endpoint.ts';
import { int64, optionalIn, pageQuery, pathInt64 } from '../../wire/schema.ts';
import { text } from '../../wire/text.ts';
import { tags, usernameParam } from '../parts.ts';

const externalKey = z
  .object({
    id: int64(),
    keyType: z.string(),
    keyData: z.string(),
    keyFingerprint: z.string().optional(),
    label: z.string().optional(),
  })
  .meta({ id: 'AccountExternalKey' });

const newExternalKey = z
  .object({
    keyType: text(64),
    keyData: text(10_000, 'Public key is too long (max 10000 characters)'),
    keyFingerprint: optionalIn(text(255)),
    label: optionalIn(text(255)),
  })
  .superRefine((key, context) => {
    const refuse = (message: string) =>
      context.addIssue({ code: 'custom', path: ['keyData'], message, input: key.keyData });
    if (key.keyData.trim() === '') refuse('Public key data cannot be empty');
    else if (['ssh-ed25519', 'ssh-rsa'].includes(key.keyType) && !key.keyData.trim().startsWith('ssh-')) {
      refuse('SSH key must start with key type (e.g., ssh-ed25519, ssh-rsa)');
    } else if (key.keyType === 'gpg' && !key.keyData.includes('BEGIN PGP PUBLIC KEY BLOCK')) {
      refuse('GPG key must contain PGP public key block');
    }
  })
  .meta({
    id: 'AddAccountExternalKeyRequest',
    examples: [
      { keyType: 'ssh-ed25519', keyData: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA… alice', label: 'laptop' },
    ],
  });

export const listExternalKeys = endpoint({
  method: 'GET',
  path: '/api/v1/accounts/{username}/external-keys',
  subject: 'req.accounts.v1.list-external-keys',
  auth: 'public',
  summary: 'List the SSH and GPG keys that an account shows',
  tags,
  params: z.object(usernameParam),
  query: z.object(pageQuery(200, 200)),
  answer: z.array(externalKey),
  refusals: ['ACCOUNT_NOT_FOUND'],
});

export const addExternalKey = endpoint({
  method: 'POST',
  path: '/api/v1/accounts/{username}/external-keys',
  subject: 'req.accounts.v1.add-external-key',
  auth: 'signed',
  rateTier: 'strict',
  idempotent: true,
  summary: 'Add an SSH or GPG key to the own account',
  tags,
  params: z.object(usernameParam),
  body: newExternalKey,
  answer: z.string(),
  refusals: ['ACCOUNT_NOT_FOUND', 'NOT_OWNER', 'SSH_KEY_INVALID', 'KEY_LIMIT', 'KEY_OWNS_THINGS'],
});

export const deleteExternalKey = endpoint({
  method: 'DELETE',
  path: '/api/v1/accounts/{username}/external-keys/{key_id}',
  subject: 'req.accounts.v1.delete-external-key',
  auth: 'signed',
  rateTier: 'strict',
  summary: 'Delete an SSH or GPG key of the own account; a missing one is fine',
  tags,
  params: z.object({ ...usernameParam, key_id: pathInt64() }),
  answer: z.string(),
  refusals: ['ACCOUNT_NOT_FOUND', 'NOT_OWNER', 'KEY_OWNS_THINGS'],
});
