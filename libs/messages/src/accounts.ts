import { z } from 'zod';
import { newUsername } from './account-names.ts';
import { emailAddress } from './email-address.ts';
import { endpoint } from './endpoint.ts';
import { int64, optionalIn, pageQuery, pathInt64, publicKeyHex } from './schema.ts';
import { text } from './text.ts';

const tags = ['accounts'];

const usernameParam = { username: text(255).meta({ examples: ['alice'] }) };
const keyParams = z.object({ ...usernameParam, key_id: text(64) });

const EXAMPLE_KEY = {
  id: 'c6fa341f99634d12ae3e94f7e4348ed1',
  publicKey: '03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8',
  addedAt: 1795414881239669000,
  isActive: true,
};

export const publicKeyInfo = z
  .object({
    id: z.string(),
    publicKey: z.string(),
    addedAt: int64(),
    isActive: z.boolean(),
    /** Added by the account, not accepted by its holder: it can do nothing here, and the account nothing with it. */
    invited: z.boolean().optional(),
    deviceName: z.string().optional(),
    disabledAt: int64().optional(),
    disabledByKeyId: z.string().optional(),
  })
  .meta({ id: 'PublicKeyInfo', examples: [EXAMPLE_KEY] });

export const accountWithKeys = z
  .object({
    id: z.string(),
    username: z.string(),
    createdAt: int64(),
    updatedAt: int64(),
    displayName: z.string().optional(),
    bio: z.string().optional(),
    avatarUrl: z.string().optional(),
    profileUpdatedAt: int64().optional(),
    /** Disabled ones included, oldest first; invited ones for the owner and admins only. */
    publicKeys: z.array(publicKeyInfo),
    isAdmin: z.boolean(),
    emailVerified: z.boolean(),
    /** For the owner and admins only. */
    email: z.string().optional(),
  })
  .meta({
    id: 'AccountWithKeys',
    examples: [
      {
        id: '6e5dbd89f8f145f0945b316f5d1d4a03',
        username: 'alice',
        createdAt: 1795414881239669000,
        updatedAt: 1795414881239669000,
        publicKeys: [EXAMPLE_KEY],
        isAdmin: false,
        emailVerified: true,
        email: 'alice@example.com',
      },
    ],
  });

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
