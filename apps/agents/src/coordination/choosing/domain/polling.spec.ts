import { secondsToNs } from '@decent-cloud/kernel';
import { hasLease, isGivenUp, keepsOffer } from './polling.ts';

const NOW = secondsToNs(1_795_414_881);
const ago = (seconds: number) => NOW - secondsToNs(seconds);

test('a lease counts until its last moment', () => {
  expect(hasLease({ leaseExpiresAtNs: NOW + 1n }, NOW)).toBe(true);
  expect(hasLease({ leaseExpiresAtNs: NOW }, NOW)).toBe(false);
  expect(hasLease({ leaseExpiresAtNs: null }, NOW)).toBe(false);
});

test.each([
  ['a lease and long silence', NOW + 1n, ago(1_000), false],
  ['no lease, heard lately', null, ago(149), false],
  ['no lease and silence', null, ago(150), true],
  ['a lease that ended, and silence', ago(1), ago(150), true],
  ['a lease that ended, heard lately', ago(1), ago(60), false],
  ['never heard', null, null, true],
])('given up: %s', (_what, leaseExpiresAtNs, lastHeartbeatNs, expected) => {
  expect(isGivenUp({ leaseExpiresAtNs }, lastHeartbeatNs, NOW)).toBe(expected);
});

test.each([
  [ago(299), false, true],
  [ago(300), false, false],
  [ago(3_000), true, true],
  [null, false, false],
])('an offer stands with a beat at %p, at work %p: %p', (lastHeartbeatNs, isMaking, expected) => {
  expect(keepsOffer({ lastHeartbeatNs, isMaking }, NOW)).toBe(expected);
});
