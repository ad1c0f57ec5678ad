import type { AnswerInput, Caller } from '@decent-cloud/messages';
import type { getAccount } from '@decent-cloud/messages/accounts';
import { type KeyRow, showKey } from '../../key/domain/key-view.ts';

export interface AccountRow {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly isAdmin: boolean;
  readonly displayName: string | null;
  readonly bio: string | null;
  readonly avatarUrl: string | null;
  readonly profileUpdatedAtNs: bigint | null;
  readonly createdAtNs: bigint;
  readonly updatedAtNs: bigint;
  readonly keys: readonly KeyRow[];
}

/** Admin by its own flag, or by an active key of the configuration. */
export function isAdmin(account: AccountRow, adminPublicKeys: ReadonlySet<string>): boolean {
  return account.isAdmin || account.keys.some((key) => key.isActive && adminPublicKeys.has(key.publicKey));
}

/** The e-mail address and the invited keys are for the owner and for admins. */
export function maySeePrivate(account: AccountRow, viewer: Caller): boolean {
  if (viewer.kind === 'service') return true;
  if (viewer.kind !== 'user') return false;
  return (
    viewer.isAdmin === true || account.keys.some((key) => key.isActive && key.publicKey === viewer.publicKey)
  );
}

/** An account as the API shows it to this viewer. */
export function showAccount(
  account: AccountRow,
  viewer: Caller,
  adminPublicKeys: ReadonlySet<string>,
): AnswerInput<typeof getAccount> {
  const isPrivate = maySeePrivate(account, viewer);
  return {
    id: account.id,
    username: account.username,
    createdAt: account.createdAtNs,
    updatedAt: account.updatedAtNs,
    displayName: account.displayName ?? undefined,
    bio: account.bio ?? undefined,
    avatarUrl: account.avatarUrl ?? undefined,
    profileUpdatedAt: account.profileUpdatedAtNs ?? undefined,
    publicKeys: account.keys.filter((key) => isPrivate || !key.invited).map(showKey),
    isAdmin: isAdmin(account, adminPublicKeys),
    emailVerified: account.emailVerified,
    email: isPrivate ? account.email : undefined,
  };
}
