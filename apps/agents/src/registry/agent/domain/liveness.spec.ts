import { secondsToNs } from '@decent-cloud/kernel';
import { isActive, isHealthy, isOnline } from './liveness.ts';

const NOW = secondsToNs(1_795_414_881);
const ago = (seconds: number) => NOW - secondsToNs(seconds);

test('an agent is healthy for 45 seconds and online for five minutes after a heartbeat', () => {
  expect([0, 44, 45, 299, 300].map((seconds) => isHealthy(ago(seconds), NOW))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
  expect([0, 44, 45, 299, 300].map((seconds) => isOnline(ago(seconds), NOW))).toEqual([
    true,
    true,
    true,
    true,
    false,
  ]);
});

test('an agent that never beat is neither', () => {
  expect(isHealthy(null, NOW)).toBe(false);
  expect(isOnline(null, NOW)).toBe(false);
});

test('a delegation is active until it is revoked or expires', () => {
  expect(isActive({ revokedAtNs: null, expiresAtNs: null }, NOW)).toBe(true);
  expect(isActive({ revokedAtNs: null, expiresAtNs: NOW + 1n }, NOW)).toBe(true);
  expect(isActive({ revokedAtNs: null, expiresAtNs: NOW }, NOW)).toBe(false);
  expect(isActive({ revokedAtNs: ago(1), expiresAtNs: null }, NOW)).toBe(false);
});
