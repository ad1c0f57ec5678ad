import type { KeyRow } from '../../key/domain/key-view.ts';
import { type AccountRow, isAdmin, maySeePrivate, showAccount } from './account-view.ts';

const KEY_A = 'a'.repeat(64);
const KEY_B = 'b'.repeat(64);
const key = (publicKey: string, more: Partial<KeyRow> = {}): KeyRow => ({
  id: publicKey.slice(0, 32),
  publicKey,
  addedAtNs: 1n,
  isActive: true,
  invited: false,
  deviceName: null,
  disabledAtNs: null,
  disabledByKeyId: null,
  ...more,
});
const account = (...keys: KeyRow[]): AccountRow => ({
  id: '1'.repeat(32),
  username: 'Alice',
  email: 'alice@example.com',
  emailVerified: true,
  isAdmin: false,
  displayName: null,
  bio: null,
  avatarUrl: null,
  profileUpdatedAtNs: null,
  createdAtNs: 5n,
  updatedAtNs: 5n,
  keys,
});
const none: ReadonlySet<string> = new Set();

test('an active configured key makes an admin, an invited one does not', () => {
  const admins = new Set([KEY_A]);
  expect(isAdmin(account(key(KEY_A)), admins)).toBe(true);
  expect(isAdmin(account(key(KEY_B), key(KEY_A, { isActive: false, invited: true })), admins)).toBe(false);
  expect(isAdmin(account(key(KEY_B), key(KEY_A, { isActive: false })), admins)).toBe(false);
  expect(isAdmin(account(key(KEY_B)), admins)).toBe(false);
  expect(isAdmin({ ...account(key(KEY_B)), isAdmin: true }, none)).toBe(true);
});

test('the e-mail address is shown to the owner and to admins, to nobody else', () => {
  const alice = account(key(KEY_A), key(KEY_B, { isActive: false }));
  expect(maySeePrivate(alice, { kind: 'user', publicKey: KEY_A })).toBe(true);
  expect(maySeePrivate(alice, { kind: 'user', publicKey: 'c'.repeat(64), isAdmin: true })).toBe(true);
  expect(maySeePrivate(alice, { kind: 'user', publicKey: KEY_B })).toBe(false);
  expect(maySeePrivate(alice, { kind: 'user', publicKey: 'c'.repeat(64) })).toBe(false);
  expect(maySeePrivate(alice, { kind: 'anonymous' })).toBe(false);
});

test('invited keys are shown to the owner and to admins, and are nobody there', () => {
  const alice = account(key(KEY_A), key(KEY_B, { isActive: false, invited: true }));
  const keysFor = (viewer: Parameters<typeof showAccount>[1]) =>
    showAccount(alice, viewer, none).publicKeys.map(({ publicKey, isActive, invited }) => [
      publicKey,
      isActive,
      invited,
    ]);
  const all = [
    [KEY_A, true, undefined],
    [KEY_B, false, true],
  ];
  expect(keysFor({ kind: 'user', publicKey: KEY_A })).toEqual(all);
  expect(keysFor({ kind: 'user', publicKey: 'c'.repeat(64), isAdmin: true })).toEqual(all);
  expect(keysFor({ kind: 'user', publicKey: KEY_B })).toEqual(all.slice(0, 1));
  expect(keysFor({ kind: 'anonymous' })).toEqual(all.slice(0, 1));
});

test('absent members are absent, not null', () => {
  const shown = JSON.parse(
    JSON.stringify(showAccount(account(key(KEY_A)), { kind: 'anonymous' }, none), (_, value) =>
      typeof value === 'bigint' ? Number(value) : value,
    ),
  );
  expect(shown).toEqual({
    id: '1'.repeat(32),
    username: 'Alice',
    createdAt: 5,
    updatedAt: 5,
    publicKeys: [{ id: 'a'.repeat(32), publicKey: KEY_A, addedAt: 1, isActive: true }],
    isAdmin: false,
    emailVerified: true,
  });
});
