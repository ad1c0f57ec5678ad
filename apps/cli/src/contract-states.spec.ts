import { CONTRACT_ENDS, CONTRACT_STATUSES } from '@decent-cloud/messages/words';
import { judge } from './contract-states.ts';

test.each([
  ['active', 'active', 'reached'],
  ['active', 'provisioned', 'reached'],
  ['accepted', 'provisioned', 'on its way'],
  ['active', 'paused', 'on its way'],
  ['provisioned', 'paused', 'on its way'],
  ['paused', 'paused', 'reached'],
  ['paused', 'provisioned', 'reached'],
  ['paused', 'active', 'on its way'],
  ['hibernated', 'active', 'on its way'],
  ['cancelled', 'cancelled', 'reached'],
  ['cancelled', 'active', 'unreachable'],
  ['rejected', 'active', 'unreachable'],
  ['expired', 'active', 'unreachable'],
  ['provisioningfailed', 'active', 'unreachable'],
] as const)('%s for somebody who waits for %s: %s', (status, wanted, verdict) => {
  expect(judge(status, wanted)).toBe(verdict);
});

test('after an end nothing else comes, whatever is waited for', () => {
  for (const end of CONTRACT_ENDS)
    for (const wanted of CONTRACT_STATUSES)
      expect(judge(end, wanted)).toBe(end === wanted ? 'reached' : 'unreachable');
});
