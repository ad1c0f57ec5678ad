import { facts, requests } from '@decent-cloud/messages';
import { disableKey, findAccount, registerAccount } from '@decent-cloud/messages/accounts';
import { ANYBODY, by, newKey, RunningAccounts, SERVICE } from './running-accounts.ts';

const accounts = RunningAccounts.forFile();

const ensure = (publicKey: string) => accounts.ask(requests.ensureAccount, { body: { publicKey } }, SERVICE);

test('a key without an account gets one, once, however many ask at the same time', async () => {
  const key = newKey();
  const answers = await Promise.all(Array.from({ length: 10 }, () => ensure(key)));
  expect(answers.filter((answer) => answer.created)).toHaveLength(1);
  const [first] = answers;
  for (const answer of answers) expect(answer.accountId).toBe(first?.accountId);
  expect(first).toMatchObject({
    username: `user_${key.slice(0, 8)}`,
    emailVerified: true,
    activePublicKeys: [key],
  });
  expect(first).not.toHaveProperty('email');
  const id = first?.accountId ?? '';
  const registered = await accounts.said(facts.accountRegistered.subject, id);
  expect(registered).toHaveLength(1);
  expect(registered[0]).not.toHaveProperty('email');
  expect(await accounts.said(facts.keyAdded.subject, id)).toHaveLength(1);
});

test('keys that begin alike get different names', async () => {
  const [first, second] = [newKey(), newKey()];
  const name = `user_${second.slice(0, 8)}`;
  await accounts.ask(
    registerAccount,
    { body: { username: name, publicKey: first, email: 'squatter@example.com' } },
    by(first),
  );
  expect((await ensure(second)).username).toBe(`${name}_1`);
});

test('a registered account is given back with its address and its active keys', async () => {
  const person = await accounts.register();
  const second = newKey();
  const { username } = person;
  await accounts.join(person, second);
  expect(await ensure(second)).toEqual({
    accountId: person.id,
    username,
    email: person.email,
    emailVerified: true,
    activePublicKeys: [person.publicKey, second],
    created: false,
  });
});

test('a disabled key and a caller from outside are refused', async () => {
  const person = await accounts.register();
  const second = newKey();
  const { username } = person;
  const added = await accounts.join(person, second);
  await accounts.ask(disableKey, { params: { username, key_id: added.id } }, by(person.publicKey));
  await expect(ensure(second)).rejects.toMatchObject({ code: 'FORBIDDEN', reason: 'KEY_DISABLED' });
  await expect(
    accounts.ask(requests.ensureAccount, { body: { publicKey: newKey() } }, by(person.publicKey)),
  ).rejects.toMatchObject({ code: 'FORBIDDEN' });
});

test('who rented first and registers later keeps the account', async () => {
  const key = newKey();
  const { accountId } = await ensure(key);
  const body = { username: 'late', publicKey: key, email: 'late@example.com' };
  const account = await accounts.ask(registerAccount, { body }, by(key));
  expect(account).toMatchObject({ id: accountId, username: 'late', email: 'late@example.com' });
  expect(await accounts.said(facts.accountRegistered.subject, accountId)).toMatchObject([
    { username: `user_${key.slice(0, 8)}` },
    { username: 'late', email: 'late@example.com' },
  ]);
  expect((await ensure(key)).email).toBe('late@example.com');
  await expect(
    accounts.ask(registerAccount, { body: { ...body, username: 'later' } }, by(key)),
  ).rejects.toMatchObject({ reason: 'KEY_TAKEN' });
});

test('keys are resolved and named; strangers are unknown', async () => {
  const person = await accounts.register();
  const stranger = newKey();
  const resolve = (publicKey: string) => accounts.ask(requests.resolveKey, { body: { publicKey } }, SERVICE);
  expect(await resolve(person.publicKey)).toEqual({
    status: 'active',
    accountId: person.id,
    isAdmin: false,
  });
  expect(await resolve(stranger)).toEqual({ status: 'unknown' });
  const publicKeys = [person.publicKey, stranger];
  expect(await accounts.ask(requests.namesOfKeys, { body: { publicKeys } }, SERVICE)).toEqual({
    names: { [person.publicKey]: person.username },
  });
  await expect(
    accounts.ask(requests.resolveKey, { body: { publicKey: stranger } }, ANYBODY),
  ).rejects.toMatchObject({ code: 'FORBIDDEN' });
  await expect(accounts.ask(requests.namesOfKeys, { body: { publicKeys } }, ANYBODY)).rejects.toMatchObject({
    code: 'FORBIDDEN',
  });
});

describe('in production', () => {
  const production = RunningAccounts.forFile({ ENVIRONMENT: 'prod' });

  test('addresses begin unverified', async () => {
    const person = await production.register();
    expect(person.emailVerified).toBe(false);
    const key = newKey();
    await production.ask(requests.ensureAccount, { body: { publicKey: key } }, SERVICE);
    const made = await production.ask(findAccount, { query: { publicKey: key } }, ANYBODY);
    expect(made.emailVerified).toBe(false);
  });
});
