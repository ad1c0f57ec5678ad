import { faultOfToken, setupTokenText, shownOf } from './setup-token.ts';

const RANDOM = '9e887ef4315e482b00112233445566778899aabb';
const NOW = 1_000n;

test('a list shows so little of a token that 128 bits stay unknown', () => {
  const token = setupTokenText('europe', RANDOM);
  expect(token).toBe(`apt_europe_${RANDOM}`);
  expect(shownOf(token)).toBe('apt_europe_9e887ef4...');
  expect(4 * (token.length - shownOf(token).length + 3)).toBe(128);
});

describe('a setup token', () => {
  const fresh = { expiresAtNs: NOW + 1n, usedByAgent: null };
  test('lets an agent in once', () => {
    expect(faultOfToken(fresh, 'a', NOW)).toBeUndefined();
    expect(faultOfToken({ ...fresh, usedByAgent: 'b' }, 'a', NOW)).toBe('Setup token already used');
  });
  test('lets the same agent in again, since its first answer may be lost', () => {
    expect(faultOfToken({ expiresAtNs: NOW, usedByAgent: 'a' }, 'a', NOW)).toBeUndefined();
  });
  test('is refused when unknown or expired', () => {
    expect(faultOfToken(undefined, 'a', NOW)).toBe('Invalid setup token');
    expect(faultOfToken({ expiresAtNs: NOW, usedByAgent: null }, 'a', NOW)).toBe('Setup token expired');
  });
});
