import { decideRegistration, type KeyHolding } from './registration.ts';

const holding: KeyHolding = {
  accountId: '1'.repeat(32),
  username: 'mallory',
  autoCreated: false,
  isActive: true,
  proven: true,
  otherActiveKeys: 1,
};

test('a new key makes an account', () => {
  expect(decideRegistration(undefined)).toBe('make');
});

test('a key that has rented claims the account made for it', () => {
  expect(decideRegistration({ ...holding, autoCreated: true })).toBe('claim');
});

test('a key that its holder never signed for is released, unless it is the last one', () => {
  expect(decideRegistration({ ...holding, proven: false })).toBe('release');
  expect(() => decideRegistration({ ...holding, proven: false, otherActiveKeys: 0 })).toThrow(
    "Public key already belongs to account 'mallory'",
  );
});

test.each([
  ['a registered one', {}],
  ['a disabled one', { isActive: false }],
  ['a disabled one that a rental made', { isActive: false, autoCreated: true }],
  ['a disabled one that was only added', { isActive: false, proven: false }],
  ['one added to an account that a rental made', { autoCreated: true, proven: false, otherActiveKeys: 0 }],
])('%s stays where it is', (_what, more) => {
  expect(() => decideRegistration({ ...holding, ...more })).toThrow(
    expect.objectContaining({ code: 'CONFLICT', reason: 'KEY_TAKEN' }),
  );
});
