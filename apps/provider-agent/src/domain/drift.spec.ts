import { countDrift, driftOf } from './drift.ts';

test('every way in which machines differ from what is wanted has its word', () => {
  const desired = [
    { contractId: 'same', generation: 1, desired: 'running' as const },
    { contractId: 'lost', generation: 1, desired: 'running' as const },
    { contractId: 'down', generation: 1, desired: 'running' as const },
    { contractId: 'up', generation: 1, desired: 'stopped' as const },
    { contractId: 'left', generation: 1, desired: 'absent' as const },
    { contractId: 'away', generation: 1, desired: 'absent' as const },
    { contractId: 'old', generation: 2, desired: 'running' as const },
  ];
  const seen = (contractId: string, power: 'running' | 'stopped' = 'running') => ({
    externalId: `x-${contractId}`,
    contractId,
    generation: 1,
    power,
  });
  const observed = [
    seen('same'),
    seen('down', 'stopped'),
    seen('up'),
    seen('left'),
    seen('old'),
    seen('nobodys'),
    { externalId: 'unmarked', power: 'unknown' as const },
    { externalId: 'foreign', power: 'running' as const, isForeign: true },
  ];
  const drift = driftOf(desired, observed);
  expect(countDrift(drift)).toEqual({ missing: 1, unexpected: 4, wrongPower: 2, foreign: 1 });
  expect(drift).toEqual([
    { contractId: 'lost', what: 'missing' },
    { contractId: 'down', externalId: 'x-down', what: 'not-running' },
    { contractId: 'up', externalId: 'x-up', what: 'not-stopped' },
    { contractId: 'left', externalId: 'x-left', what: 'not-removed' },
    { contractId: 'old', externalId: 'x-old', what: 'other-generation' },
    { contractId: 'nobodys', externalId: 'x-nobodys', what: 'unwanted' },
    { externalId: 'unmarked', what: 'unwanted' },
    { externalId: 'foreign', what: 'foreign' },
  ]);
});
