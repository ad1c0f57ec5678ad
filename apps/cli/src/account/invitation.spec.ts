import { CannedDesk, ok } from '../../test/canned-desk.ts';
import { EXIT } from '../exit.ts';

const KEY = { id: 'c6'.repeat(16), publicKey: 'ab'.repeat(32), addedAt: 1, isActive: true };
const ACCOUNT = {
  ...{ id: '6e'.repeat(16), username: 'alice', createdAt: 1, updatedAt: 1 },
  ...{ publicKeys: [], isAdmin: false, emailVerified: true },
};
const { dc, answers, seen, makeIdentity } = CannedDesk.forFile();

beforeEach(async () => {
  Object.assign(answers, {
    'GET /api/v1/accounts': ok(ACCOUNT),
    'POST /api/v1/accounts/alice/keys': ok({ ...KEY, isActive: false, invited: true }),
    'POST /api/v1/accounts/alice/keys/accept': ok(KEY),
    [`DELETE /api/v1/accounts/alice/keys/${KEY.id}`]: ok({ ...KEY, isActive: false }),
  });
  await makeIdentity();
});

test('inviting a key says what its holder has to do', async () => {
  const invited = await dc('account', 'add-key', KEY.publicKey);
  expect(invited).toMatchObject({ code: EXIT.ok, out: expect.stringContaining('dc account accept alice') });
  expect(seen.at(-1)).toMatchObject({
    call: 'POST /api/v1/accounts/alice/keys',
    body: `{"newPublicKey":"${KEY.publicKey}"}`,
  });
});

test('an account is joined only when it was asked about or --yes is there, and nothing is shared by itself', async () => {
  expect(await dc('account', 'accept', 'alice')).toMatchObject({
    code: EXIT.usage,
    err: expect.stringContaining('join the account "alice"?'),
  });
  expect(seen).toEqual([]);
  expect((await dc('--yes', 'account', 'accept', 'alice')).code).toBe(EXIT.ok);
  expect((await dc('--yes', 'account', 'accept', 'alice', '--share')).code).toBe(EXIT.ok);
  expect(seen.map(({ body }) => body)).toEqual(['{"share":false}', '{"share":true}']);
});

test('declining names the account that has invited', async () => {
  expect((await dc('--yes', 'account', 'remove-key', KEY.id, '--username', 'alice')).code).toBe(EXIT.ok);
  expect(seen.map(({ call }) => call)).toEqual([`DELETE /api/v1/accounts/alice/keys/${KEY.id}`]);
});
