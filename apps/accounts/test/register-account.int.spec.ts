import { facts, requests } from '@decent-cloud/messages';
import { findAccount, getAccount, registerAccount } from '@decent-cloud/messages/accounts';
import { ANYBODY, by, newKey, RunningAccounts, SERVICE } from './running-accounts.ts';

const ADMIN = newKey();
const accounts = RunningAccounts.forFile({ ADMIN_PUBLIC_KEYS: ` ${ADMIN.toUpperCase()}, ${newKey()}` });

const register = (username: string, publicKey: string, email: string, signer = publicKey) =>
  accounts.ask(registerAccount, { body: { username, publicKey, email } }, by(signer));
const count = async () =>
  (await accounts.service.database.query<{ count: bigint }>('select count(*) from account'))[0]?.count;

test('a key registers an account, and the facts are said with it', async () => {
  const publicKey = newKey();
  const account = await register('Alice', publicKey, ' Alice@Example.com ');
  expect(account).toMatchObject({
    username: 'Alice',
    email: 'alice@example.com',
    emailVerified: true,
    isAdmin: false,
    publicKeys: [{ publicKey, isActive: true }],
  });
  expect(account).not.toHaveProperty('displayName');
  const said = { accountId: account.id, publicKey, atNs: expect.anything() };
  expect(await accounts.said(facts.accountRegistered.subject, account.id)).toEqual([
    { ...said, username: 'Alice', email: 'alice@example.com' },
  ]);
  expect(await accounts.said(facts.keyAdded.subject, account.id)).toEqual([said]);

  const found = await accounts.ask(findAccount, { query: { publicKey: publicKey.toUpperCase() } }, ANYBODY);
  expect(found.id).toBe(account.id);
  expect(found).not.toHaveProperty('email');
  const named = await accounts.ask(getAccount, { params: { username: 'aLICE' } }, by(publicKey));
  expect(named.email).toBe('alice@example.com');
});

test('every no changes nothing', async () => {
  const taken = await accounts.register();
  const before = await count();
  const key = newKey();
  const no = (reason: string, message: string | RegExp) => ({
    reason,
    message: expect.stringMatching(message),
  });
  await expect(register(taken.username.toUpperCase(), key, 'x@example.com')).rejects.toMatchObject(
    no('USERNAME_TAKEN', /^Username already taken$/),
  );
  await expect(register('fresh', key, taken.email?.toUpperCase() ?? '')).rejects.toMatchObject(
    no('EMAIL_TAKEN', /^This email address cannot be used$/),
  );
  await expect(register('fresh', key, 'auto-0@noemail.local')).rejects.toMatchObject(
    no('EMAIL_TAKEN', /cannot be used/),
  );
  await expect(register('fresh', taken.publicKey, 'x@example.com')).rejects.toMatchObject(
    no('KEY_TAKEN', `Public key already belongs to account '${taken.username}'`),
  );
  await expect(register('fresh', key, 'x@example.com', newKey())).rejects.toMatchObject(
    no('NOT_OWNER', /^Public key mismatch: body='/),
  );
  await expect(register('fresh', `01${'0'.repeat(62)}`, 'x@example.com')).rejects.toMatchObject(
    no('KEY_UNACCEPTABLE', /small-order/),
  );
  await expect(register('admin', key, 'x@example.com')).rejects.toMatchObject(
    no('INVALID_INPUT', /Username is reserved/),
  );
  await expect(register('fresh', key, 'not an address')).rejects.toMatchObject(
    no('INVALID_INPUT', /Invalid email format/),
  );
  await expect(
    accounts.ask(
      registerAccount,
      { body: { username: 'fresh', publicKey: key, email: 'x@example.com' } },
      ANYBODY,
    ),
  ).rejects.toMatchObject(no('SIGNATURE_MISSING', /signed/));
  expect(await count()).toBe(before);
});

test('of many who want one name at once, one gets it and the others are told', async () => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: 8 }, (_, index) => register('wanted', newKey(), `wanted${index}@example.com`)),
  );
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(refused.map(({ reason }) => reason.reason)).toEqual(Array(7).fill('USERNAME_TAKEN'));
});

test('of many who want one address at once, one gets it and the others are told', async () => {
  const names = Array.from({ length: 8 }, (_, index) => `owner${index}`);
  const outcomes = await Promise.allSettled(
    names.map((name) => register(name, newKey(), 'shared@example.com')),
  );
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(refused.map(({ reason }) => reason.reason)).toEqual(Array(7).fill('EMAIL_TAKEN'));
});

test('one key that registers twice at once gets one account', async () => {
  const key = newKey();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 6 }, (_, index) => register(`twice${index}`, key, `twice${index}@example.com`)),
  );
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(refused.map(({ reason }) => reason.reason)).toEqual(Array(5).fill('KEY_TAKEN'));
});

test('unknown accounts are not found', async () => {
  const missing = { code: 'NOT_FOUND', reason: 'ACCOUNT_NOT_FOUND', message: 'Account not found' };
  await expect(accounts.ask(findAccount, { query: { publicKey: newKey() } }, ANYBODY)).rejects.toMatchObject(
    missing,
  );
  await expect(accounts.ask(getAccount, { params: { username: 'nobody' } }, ANYBODY)).rejects.toMatchObject(
    missing,
  );
});

test('a configured key makes an admin, who sees addresses; adding that key to an account does not', async () => {
  const thief = await accounts.register();
  await accounts.invite(thief, ADMIN);
  const standing = (publicKey: string) => accounts.ask(requests.resolveKey, { body: { publicKey } }, SERVICE);
  expect(await standing(thief.publicKey)).toMatchObject({ status: 'active', isAdmin: false });
  expect(await standing(ADMIN)).toEqual({ status: 'unknown' });

  const admin = await register('boss', ADMIN, 'boss@example.com');
  expect(admin.isAdmin).toBe(true);
  expect(await standing(ADMIN)).toEqual({ status: 'active', accountId: admin.id, isAdmin: true });
  const seen = await accounts.ask(
    getAccount,
    { params: { username: thief.username } },
    { kind: 'user', publicKey: ADMIN, isAdmin: true },
  );
  expect(seen.email).toBe(thief.email);
});
