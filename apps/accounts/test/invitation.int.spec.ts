import { facts, requests } from '@decent-cloud/messages';
import {
  addExternalKey,
  deleteExternalKey,
  disableKey,
  findAccount,
  getAccount,
  listInvitations,
  registerAccount,
  updateKey,
} from '@decent-cloud/messages/accounts';
import { ANYBODY, by, newKey, RunningAccounts, SERVICE } from './running-accounts.ts';

const SSH_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFJ9XLaOeiLUcoIE55DpnmASB9aHusy8UeU4ceLKn5VC sample';
const accounts = RunningAccounts.forFile();

const resolve = (publicKey: string) => accounts.ask(requests.resolveKey, { body: { publicKey } }, SERVICE);
const ensure = (publicKey: string) => accounts.ask(requests.ensureAccount, { body: { publicKey } }, SERVICE);
const find = (publicKey: string, viewer = ANYBODY) =>
  accounts.ask(findAccount, { query: { publicKey } }, viewer);
const received = (pubkey: string) => accounts.ask(listInvitations, { params: { pubkey } }, by(pubkey));
const disable = (username: string, key_id: string, signer: string) =>
  accounts.ask(disableKey, { params: { username, key_id } }, by(signer));
const register = (username: string, publicKey: string) =>
  accounts.ask(
    registerAccount,
    { body: { username, publicKey, email: `${username}@example.com` } },
    by(publicKey),
  );
const rejection = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: { reason: string }) => error.reason,
  );

/** All that accounts tell others of a key. */
async function standingOf(publicKey: string) {
  const { names } = await accounts.ask(requests.namesOfKeys, { body: { publicKeys: [publicKey] } }, SERVICE);
  return {
    resolved: await resolve(publicKey),
    found: await rejection(find(publicKey)),
    names,
  };
}

describe('an invitation', () => {
  test('changes nothing for the holder of the key, and gives the inviter nothing', async () => {
    const mallory = await accounts.register();
    const victim = newKey();
    const before = await standingOf(victim);
    expect(before).toEqual({ resolved: { status: 'unknown' }, found: 'ACCOUNT_NOT_FOUND', names: {} });

    const invited = await accounts.invite(mallory, victim);
    expect(invited).toMatchObject({ publicKey: victim, isActive: false, invited: true });
    expect(await standingOf(victim)).toEqual(before);
    expect(await accounts.said(facts.keyAdded.subject, mallory.id)).toHaveLength(1);
    const seen = await accounts.ask(getAccount, { params: { username: mallory.username } }, ANYBODY);
    expect(seen.publicKeys.map((key) => key.publicKey)).toEqual([mallory.publicKey]);
    expect((await ensure(mallory.publicKey)).activePublicKeys).toEqual([mallory.publicKey]);

    const own = await ensure(victim);
    expect(own).toMatchObject({ created: true, activePublicKeys: [victim] });
    expect(own.accountId).not.toBe(mallory.id);
    const withdrawn = await disable(mallory.username, invited.id, mallory.publicKey);
    expect(withdrawn).toMatchObject({ isActive: false, disabledByKeyId: mallory.publicKeys[0]?.id });
    expect(await resolve(victim)).toMatchObject({ status: 'active', accountId: own.accountId });
    expect(await accounts.said(facts.keyDisabled.subject, mallory.id)).toEqual([]);
  });

  test('that is withdrawn leaves the key as free as before', async () => {
    const mallory = await accounts.register();
    const victim = newKey();
    const { id } = await accounts.invite(mallory, victim);
    await disable(mallory.username, id, mallory.publicKey);
    expect(await resolve(victim)).toEqual({ status: 'unknown' });
    expect(await rejection(accounts.accept(mallory.username, victim))).toBe('INVITATION_NOT_FOUND');
    expect(await register('free-again', victim)).toMatchObject({ publicKeys: [{ publicKey: victim }] });
    expect(await rejection(disable(mallory.username, id, mallory.publicKey))).toBe('KEY_NOT_FOUND');
  });

  test('is there once, however often it is made; two accounts may make one', async () => {
    const [alice, bob] = [await accounts.register(), await accounts.register()];
    const key = newKey();
    const first = await accounts.invite(alice, key);
    expect(await accounts.invite(alice, key)).toEqual(first);
    await accounts.invite(bob, key);
    expect(await received(key)).toEqual([
      { keyId: expect.any(String), username: bob.username, invitedAtNs: expect.anything() },
      { keyId: first.id, username: alice.username, invitedAtNs: first.addedAt },
    ]);
    await accounts.accept(alice.username, key);
    expect(await rejection(accounts.accept(bob.username, key))).toBe('KEY_TAKEN');
    expect(await rejection(accounts.invite(bob, newKey()))).toBe('done');
    expect(await resolve(key)).toMatchObject({ accountId: alice.id });
  });

  test('is declined by its key with the request that withdraws it, and by nobody else', async () => {
    const alice = await accounts.register();
    const [key, other] = [newKey(), newKey()];
    const { id } = await accounts.invite(alice, key);
    expect(await rejection(disable(alice.username, id, other))).toBe('NOT_OWNER');
    expect(await disable(alice.username, id, key)).toMatchObject({ id, isActive: false });
    expect(await received(key)).toEqual([]);
    expect(await resolve(key)).toEqual({ status: 'unknown' });
  });
});

describe('a key joins', () => {
  test('by accepting; the id and the name that it was given stay, and it is said once', async () => {
    const alice = await accounts.register();
    const key = newKey();
    const { id } = await accounts.invite(alice, key);
    const params = { username: alice.username, key_id: id };
    await accounts.ask(updateKey, { params, body: { deviceName: 'Phone' } }, by(alice.publicKey));
    const joined = await accounts.accept(alice.username.toUpperCase(), key);
    expect(joined).toMatchObject({ id, publicKey: key, isActive: true, deviceName: 'Phone' });
    expect(joined).not.toHaveProperty('invited');
    expect(await accounts.accept(alice.username, key)).toEqual(joined);
    expect(await accounts.said(facts.keyAdded.subject, alice.id)).toHaveLength(2);
    expect(await resolve(key)).toMatchObject({ status: 'active', accountId: alice.id });
    expect(await received(key)).toEqual([]);
  });

  /** As spec'd for clients that know three calls of keys and those of SSH keys. */
  test.each<[string, (username: string, keyId: string, key: string) => Promise<unknown>]>([
    [
      'names its device',
      (username, key_id, key) =>
        accounts.ask(updateKey, { params: { username, key_id }, body: { deviceName: 'Phone' } }, by(key)),
    ],
    ['invites a third key', (username, _id, key) => accounts.invite({ username, publicKey: key }, newKey())],
    [
      'shows an SSH key',
      (username, _id, key) =>
        accounts.ask(
          addExternalKey,
          { params: { username }, body: { keyType: 'ssh-ed25519', keyData: SSH_KEY } },
          by(key),
        ),
    ],
    [
      'deletes an SSH key',
      (username, _id, key) => accounts.ask(deleteExternalKey, { params: { username, key_id: 1n } }, by(key)),
    ],
  ])('also by acting as the owner: a shipped client that %s', async (_what, act) => {
    const alice = await accounts.register();
    const key = newKey();
    const { id } = await accounts.invite(alice, key);
    await act(alice.username, id, key);
    expect(await find(key, by(key))).toMatchObject({ id: alice.id, email: alice.email });
    expect(await resolve(key)).toMatchObject({ status: 'active', accountId: alice.id });
  });

  test('not by a request that fails, nor by looking', async () => {
    const alice = await accounts.register();
    const key = newKey();
    await accounts.invite(alice, key);
    expect(await rejection(disable(alice.username, '0'.repeat(32), key))).toBe('KEY_NOT_FOUND');
    await accounts.ask(getAccount, { params: { username: alice.username } }, by(key));
    expect(await rejection(find(key, by(key)))).toBe('ACCOUNT_NOT_FOUND');
    expect(await resolve(key)).toEqual({ status: 'unknown' });
  });

  test('only if it owns nothing, or shares what it owns in so many words', async () => {
    const alice = await accounts.register();
    const key = newKey();
    accounts.holdings.set(key, [{ what: 'offerings', count: 2 }]);
    const { id } = await accounts.invite(alice, key);
    const params = { username: alice.username, key_id: id };
    const implicit = () => accounts.ask(updateKey, { params, body: { deviceName: 'Phone' } }, by(key));
    expect(await rejection(implicit())).toBe('KEY_OWNS_THINGS');
    await expect(accounts.accept(alice.username, key)).rejects.toMatchObject({
      code: 'CONFLICT',
      reason: 'KEY_OWNS_THINGS',
      message: expect.stringContaining('offerings (2)'),
    });
    expect(await resolve(key)).toEqual({ status: 'unknown' });
    expect(await accounts.accept(alice.username, key, { share: true })).toMatchObject({ isActive: true });
  });

  test('never when it has an account of its own, not even an empty one that a top-up made', async () => {
    const alice = await accounts.register();
    const [later, topped] = [newKey(), newKey()];
    await accounts.invite(alice, later);
    await accounts.invite(alice, topped);
    await register('later-on', later);
    await ensure(topped);
    for (const key of [later, topped]) {
      expect(await rejection(accounts.accept(alice.username, key, { share: true }))).toBe('KEY_TAKEN');
      const shown = accounts.invite({ username: alice.username, publicKey: key }, newKey());
      expect(await rejection(shown)).toBe('NOT_OWNER');
    }
    expect(await rejection(accounts.invite(alice, (await accounts.register()).publicKey))).toBe('KEY_TAKEN');
  });

  test('up to the limit of the account, at whatever moment', async () => {
    const alice = await accounts.register();
    const keys = Array.from({ length: 9 }, () => newKey());
    for (const key of keys) await accounts.invite(alice, key);
    expect(await rejection(accounts.invite(alice, newKey()))).toBe('KEY_LIMIT');
    expect(await Promise.all(keys.map((key) => rejection(accounts.accept(alice.username, key))))).toEqual(
      Array(9).fill('done'),
    );
  });
});

describe('at the same moment', () => {
  const holders = async (publicKey: string) =>
    accounts.service.database.query('select 1 from account_key where public_key = $1', [publicKey]);

  test('two accounts cannot both get a key', async () => {
    for (let round = 0; round < 5; round++) {
      const people = [await accounts.register(), await accounts.register()];
      const key = newKey();
      for (const person of people) await accounts.invite(person, key);
      const outcomes = await Promise.all(
        people.map(({ username }) => rejection(accounts.accept(username, key))),
      );
      expect(outcomes.sort()).toEqual(['KEY_TAKEN', 'done']);
      expect(await holders(key)).toHaveLength(1);
    }
  });

  test('accepting twice, and accepting while the invitation is withdrawn, end in one of two states', async () => {
    for (let round = 0; round < 5; round++) {
      const alice = await accounts.register();
      const key = newKey();
      const { id } = await accounts.invite(alice, key);
      const [first, second, withdrawn] = await Promise.all([
        rejection(accounts.accept(alice.username, key)),
        rejection(accounts.accept(alice.username, key)),
        rejection(disable(alice.username, id, alice.publicKey)),
      ]);
      expect(withdrawn).toBe('done');
      const { status } = await resolve(key);
      const joinedFirst = first === 'done' || second === 'done';
      // Withdrawn after it was accepted is a key of the account that its account has disabled.
      expect(status).toBe(joinedFirst ? 'disabled' : 'unknown');
    }
  });

  test('a key that registers, or tops up, while it accepts belongs to one account', async () => {
    for (let round = 0; round < 5; round++) {
      const alice = await accounts.register();
      const key = newKey();
      await accounts.invite(alice, key);
      await Promise.allSettled([
        accounts.accept(alice.username, key),
        register(`racer${round}`, key),
        ensure(key),
      ]);
      expect(await holders(key)).toHaveLength(1);
    }
  });
});

/** Last: from here on one service is silent. */
test('while a service cannot say what the key owns, it does not join', async () => {
  const alice = await accounts.register();
  const key = newKey();
  await accounts.invite(alice, key);
  accounts.silence();
  expect(await rejection(accounts.accept(alice.username, key))).toBe('SERVICE_UNAVAILABLE');
  expect(await resolve(key)).toEqual({ status: 'unknown' });
});
