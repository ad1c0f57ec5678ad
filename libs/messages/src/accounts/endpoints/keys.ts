import { z } from 'zod';
import { endpoint } from '../../wire/endpoint.ts';
import { int64, optionalIn, publicKeyHex } from '../../wire/schema.ts';
import { text } from '../../wire/text.ts';
import { publicKeyInfo, tags, usernameParam } from '../parts.ts';

const keyParams = z.object({ ...usernameParam, key_id: text(64) });

export const addKey = endpoint({
  method: 'POST',
  path: '/api/v1/accounts/{username}/keys',
  subject: 'req.accounts.v1.add-key',
  auth: 'signed',
  rateTier: 'strict',
  idempotent: true,
  summary: 'Invite a public key to the own account; it joins when its holder accepts',
  tags,
  params: z.object(usernameParam),
  body: z.object({ newPublicKey: publicKeyHex() }).meta({ id: 'AddAccountKeyRequest' }),
  answer: publicKeyInfo,
  refusals: [
    'ACCOUNT_NOT_FOUND',
    'NOT_OWNER',
    'KEY_DISABLED',
    'KEY_UNACCEPTABLE',
    'KEY_LIMIT',
    'KEY_TAKEN',
    'KEY_OWNS_THINGS',
  ],
});

export const acceptInvitation = endpoint({
  method: 'POST',
  path: '/api/v1/accounts/{username}/keys/accept',
  subject: 'req.accounts.v1.accept-invitation',
  auth: 'signed',
  rateTier: 'strict',
  summary: 'Join the account that has invited the signing key',
  tags,
  params: z.object(usernameParam),
  body: z
    .object({
      share: z.boolean().optional().meta({
        description: 'A key that owns things joins only so: all keys of the account may act for them.',
      }),
    })
    .meta({ id: 'AcceptInvitationRequest', examples: [{ share: false }] }),
  answer: publicKeyInfo,
  refusals: [
    'ACCOUNT_NOT_FOUND',
    'INVITATION_NOT_FOUND',
    'KEY_OWNS_THINGS',
    'KEY_TAKEN',
    'KEY_LIMIT',
    'KEY_DISABLED',
  ],
});

export const listInvitations = endpoint({
  method: 'GET',
  path: '/api/v1/users/{pubkey}/invitations',
  subject: 'req.accounts.v1.list-invitations',
  auth: 'self',
  summary: 'List the accounts that have invited the own key, newest first; at most 50',
  tags,
  params: z.object({ pubkey: publicKeyHex() }),
  answer: z.array(
    z
      .object({
        /** With it the invitation is declined: `DELETE /accounts/{username}/keys/{key_id}`. */
        keyId: z.string(),
        username: z.string(),
        invitedAtNs: int64(),
      })
      .meta({ id: 'KeyInvitation' }),
  ),
});

export const updateKey = endpoint({
  method: 'PUT',
  path: '/api/v1/accounts/{username}/keys/{key_id}',
  subject: 'req.accounts.v1.update-key',
  auth: 'signed',
  rateTier: 'strict',
  summary: 'Name the device that holds a key; null or absent clears the name',
  tags,
  params: keyParams,
  body: z.object({ deviceName: optionalIn(text(255)) }).meta({ id: 'UpdateDeviceNameRequest' }),
  answer: publicKeyInfo,
  refusals: ['ACCOUNT_NOT_FOUND', 'NOT_OWNER', 'KEY_NOT_FOUND', 'KEY_OWNS_THINGS'],
});

export const disableKey = endpoint({
  method: 'DELETE',
  path: '/api/v1/accounts/{username}/keys/{key_id}',
  subject: 'req.accounts.v1.disable-key',
  auth: 'signed',
  rateTier: 'strict',
  summary: 'Disable a key of the own account for good; withdraw or decline an invitation',
  tags,
  params: keyParams,
  answer: publicKeyInfo,
  refusals: ['ACCOUNT_NOT_FOUND', 'NOT_OWNER', 'KEY_NOT_FOUND', 'LAST_KEY', 'KEY_OWNS_THINGS'],
});
