import { decideRegistration, type KeyHolding } from './registration.ts';

const holding: KeyHolding = {
  accountId: '1'.repeat(32),
  username: 'mallory',
  autoCreated: false,
  isActive: true,
};

test('a new key makes an account', () => {
  expect(decideRegistration(undefined)).toBe('make');
});

test('a key that has rented claims the account made for it', () => {
  expect(decideRegistration({ ...holding, autoCreated: true })).toBe('claim');
});

test.each([
  ['a registered one', {}],
  ['a disabled one', { isActive: false }],
  ['a disabled one that a rental made', { isActive: false, autoCreated: true }],
])('%s stays where it is', (_what, more) => {
  expect(() => decideRegistration({ ...holding, ...more })).toThrow(
    expect.objectContaining({ code: 'CONFLICT', reason: 'KEY_TAKEN' }),
  );
});
