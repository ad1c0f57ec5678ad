import { readStatus } from './read-status.ts';

test.each([
  ['provisioning', 'provisioning'],
  ['Provisioned', 'provisioned'],
  ['provisioning_failed', 'failed'],
  ['provisioningfailed', 'failed'],
])('%s is %s', (word, status) => {
  expect(readStatus(word)).toBe(status);
});

test.each(['', 'active', 'cancelled', 'constructor', '__proto__'])('%p is refused', (word) => {
  expect(() => readStatus(word)).toThrow('must be one of');
});
