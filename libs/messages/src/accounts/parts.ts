import { z } from 'zod';
import { int64 } from '../wire/schema.ts';
import { text } from '../wire/text.ts';

export const tags = ['accounts'];

export const usernameParam = { username: text(255).meta({ examples: ['alice'] }) };

export const EXAMPLE_KEY = {
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
