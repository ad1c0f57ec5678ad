import type { accountWithKeys } from '@decent-cloud/messages/accounts';
import type { Output } from '@decent-cloud/messages/wire';
import { details, table, time } from '../print.ts';

export function describeAccount(account: Output<typeof accountWithKeys>): string {
  const { username, id, displayName, email, emailVerified, isAdmin, createdAt, publicKeys } = account;
  const keys = publicKeys.map((key) => [
    key.publicKey,
    key.isActive ? 'active' : key.invited ? 'invited' : 'disabled',
    key.deviceName,
    time(key.addedAt),
  ]);
  return (
    details({
      Username: username,
      'Account id': id,
      Name: displayName,
      Email: email === undefined ? undefined : `${email} (${emailVerified ? 'verified' : 'not verified'})`,
      Admin: isAdmin ? 'yes' : undefined,
      'Created at': time(createdAt),
    }) + table(['public key', 'state', 'device', 'added at'], keys, 'No keys')
  );
}
