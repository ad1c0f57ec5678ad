import { judge } from './wait-for-state.ts';

test.each([
  ['active', 'active', 'reached'],
  ['active', 'provisioned', 'reached'],
  ['accepted', 'provisioned', 'on its way'],
  ['cancelled', 'cancelled', 'reached'],
  ['cancelled', 'active', 'unreachable'],
  ['rejected', 'active', 'unreachable'],
  ['expired', 'active', 'unreachable'],
  ['provisioningfailed', 'active', 'unreachable'],
] as const)('%s for somebody who waits for %s: %s', (status, wanted, verdict) => {
  expect(judge(status, wanted)).toBe(verdict);
});
