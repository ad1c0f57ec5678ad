import { facts } from '@decent-cloud/messages';
import {
  addExternalKey,
  addKey,
  deleteExternalKey,
  disableKey,
  findAccount,
  listExternalKeys,
  updateKey,
} from '@decent-cloud/messages/accounts';
import { ANYBODY, by, newKey, RunningAccounts } from './running-accounts.ts';

const SSH_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFJ9XLaOeiLUcoIE55DpnmASB9aHusy8UeU4ceLKn5VC sample';
const accounts = RunningAccounts.forFile();

type Person = Awaited<ReturnType<RunningAccounts['register']>>;
const add = (person: Person, newPublicKey = newKey(), idempotencyKey?: string) =>
  accounts.invite(person, newPublicKey, idempotencyKey);
const disable = (person: Person, key_id: string, signer = person.publicKey) =>
  accounts.ask(disableKey, { params: { username: person.username, key_id } }, by(signer));
const idOf = (person: Person) => person.publicKeys[0]?.id ?? '';
const notYours = {
  code: 'FORBIDDEN',
  reason: 'NOT_OWNER',
  message: 'Authenticated key does not belong to this account',
};

test('keys are added, named, used and disabled; each change is said', async () => {
  const person = await accounts.register();
  const second = newKey();
  const added = await accounts.join(person, second);
  expect(added).toMatchObject({ publicKey: second, isActive: true });

  const params = { username: person.username.toUpperCase(), key_id: added.id };
  const rename = (deviceName: string | null) =>
    accounts.ask(updateKey, { params, body: { deviceName } }, by(second));
  expect((await rename('Phone')).deviceName).toBe('Phone');
  expect(await rename(null)).not.toHaveProperty('deviceName');

  const gone = await disable(person, idOf(person), second);
  expect(gone).toMatchObject({ isActive: false, disabledByKeyId: added.id });
  expect(gone.disabledAt).toBeGreaterThan(0n);
  expect(await disable(person, idOf(person), second)).toEqual(gone);
  expect(await accounts.said(facts.keyAdded.subject, person.id)).toHaveLength(2);
  expect(await accounts.said(facts.keyDisabled.subject, person.id)).toMatchObject([
    { publicKey: person.publicKey },
  ]);
  await expect(
    accounts.ask(findAccount, { query: { publicKey: person.publicKey } }, ANYBODY),
  ).rejects.toMatchObject({ reason: 'ACCOUNT_NOT_FOUND' });
  await expect(add(person)).rejects.toMatchObject({ code: 'FORBIDDEN', reason: 'KEY_DISABLED' });
});

test('keys of another account cannot be touched', async () => {
  const [mine, theirs] = [await accounts.register(), await accounts.register()];
  await accounts.join(theirs);
  await expect(disable(mine, idOf(theirs))).rejects.toMatchObject({ reason: 'KEY_NOT_FOUND' });
  await expect(disable(theirs, idOf(theirs), mine.publicKey)).rejects.toMatchObject(notYours);
  await expect(
    accounts.ask(
      updateKey,
      { params: { username: mine.username, key_id: idOf(theirs) }, body: { deviceName: 'x' } },
      by(mine.publicKey),
    ),
  ).rejects.toMatchObject({ reason: 'KEY_NOT_FOUND', message: 'Key does not belong to this account' });
  await expect(
    accounts.ask(
      addKey,
      { params: { username: theirs.username }, body: { newPublicKey: newKey() } },
      by(mine.publicKey),
    ),
  ).rejects.toMatchObject(notYours);
  await expect(add({ ...mine, username: 'nobody' })).rejects.toMatchObject({ reason: 'ACCOUNT_NOT_FOUND' });
  await expect(disable(mine, 'not-a-key-id')).rejects.toMatchObject({ reason: 'INVALID_INPUT' });
  await expect(disable(mine, '0'.repeat(32))).rejects.toMatchObject({ message: 'Key not found' });
  const still = await accounts.ask(findAccount, { query: { publicKey: theirs.publicKey } }, ANYBODY);
  expect(still.publicKeys.filter((key) => key.isActive)).toHaveLength(2);
});

test('a key that is taken, unsafe or one too many is refused', async () => {
  const [person, other] = [await accounts.register(), await accounts.register()];
  await expect(add(person, other.publicKey)).rejects.toMatchObject({
    code: 'CONFLICT',
    reason: 'KEY_TAKEN',
  });
  await expect(add(person, '0'.repeat(64))).rejects.toMatchObject({ reason: 'KEY_UNACCEPTABLE' });
  const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => add(person)));
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(refused.map(({ reason }) => [reason.reason, reason.message])).toEqual(
    Array(3).fill(['KEY_LIMIT', 'Maximum 10 keys per account']),
  );
});

test('one idempotency key adds one key, even when the first answer was lost after the commit', async () => {
  const person = await accounts.register();
  const key = newKey();
  const first = await add(person, key, 'add-1');
  await accounts.service.database.query(
    "update messaging.idempotency_key set answer = null, claimed_until = now() - interval '1 second' where key = 'add-1'",
  );
  expect(await add(person, key, 'add-1')).toEqual(first);
});

test('two keys that disable each other at the same moment leave one', async () => {
  for (let round = 0; round < 5; round++) {
    const person = await accounts.register();
    const second = newKey();
    const added = await accounts.join(person, second);
    await Promise.allSettled([disable(person, added.id), disable(person, idOf(person), second)]);
    const [row] = await accounts.service.database.query<{ active: bigint }>(
      'select count(*) as active from account_key where account_id = $1 and is_active',
      [person.id],
    );
    expect(row?.active).toBe(1n);
  }
  const alone = await accounts.register();
  await expect(disable(alone, idOf(alone))).rejects.toMatchObject({
    reason: 'LAST_KEY',
    message: 'Cannot remove the last active key',
  });
});

test('external keys are shown to everybody, page by page, and kept by their owner', async () => {
  const [person, other] = [await accounts.register(), await accounts.register()];
  const params = { username: person.username };
  const put = (label: string, keyData = SSH_KEY, signer = person.publicKey) =>
    accounts.ask(
      addExternalKey,
      { params, body: { keyType: 'ssh-ed25519', keyData, label } },
      by(signer),
      label,
    );
  const list = (query: { limit?: number; offset?: number; cursor?: string } = {}) =>
    accounts.ask(listExternalKeys, { params, query }, ANYBODY);

  expect(await put('a')).toBe('External key added successfully');
  await accounts.service.database.query(
    "update messaging.idempotency_key set answer = null, claimed_until = now() - interval '1 second' where key = 'a'",
  );
  await put('a');
  await put('b');
  await put('c');
  const all = await list();
  expect(all.map((key) => key.label)).toEqual(['a', 'b', 'c']);
  expect(all[0]).toMatchObject({ keyType: 'ssh-ed25519', keyData: SSH_KEY });
  expect(all[0]?.keyFingerprint).toMatch(/^SHA256:/);
  expect(await list({ limit: 1, cursor: String(all[0]?.id) })).toEqual([all[1]]);
  expect(await list({ limit: 1, offset: 2 })).toEqual([all[2]]);
  await expect(list({ cursor: 'x' })).rejects.toMatchObject({ reason: 'INVALID_INPUT' });

  const remove = (signer: string, key_id: bigint) =>
    accounts.ask(deleteExternalKey, { params: { ...params, key_id } }, by(signer));
  const [first] = all;
  const notMine = { reason: 'NOT_OWNER', message: "Unauthorized: Cannot modify another user's keys" };
  await expect(remove(other.publicKey, first?.id ?? 0n)).rejects.toMatchObject(notMine);
  await expect(put('d', SSH_KEY, other.publicKey)).rejects.toMatchObject(notMine);
  await expect(put('e', 'ssh-ed25519 AAAA broken')).rejects.toMatchObject({ reason: 'SSH_KEY_INVALID' });
  expect(await list()).toHaveLength(3);
  expect(await remove(person.publicKey, first?.id ?? 0n)).toBe('External key deleted successfully');
  expect(await remove(person.publicKey, first?.id ?? 0n)).toBe('External key deleted successfully');
  expect((await list()).map((key) => key.label)).toEqual(['b', 'c']);
  await expect(
    accounts.ask(listExternalKeys, { params: { username: 'nobody' } }, ANYBODY),
  ).rejects.toMatchObject({ reason: 'ACCOUNT_NOT_FOUND' });
});
