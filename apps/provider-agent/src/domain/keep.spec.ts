import { downOf, hasSettled, mayStartAgain } from './keep.ts';
import type { MachineRecord } from './record.ts';

const NOW = 1_795_414_881_000_000_000n;
const SECOND = 1_000_000_000n;
const record = (contractId: string, changes: Partial<MachineRecord> = {}): MachineRecord => ({
  contractId,
  generation: 1,
  phase: 'running',
  changedAtNs: '0',
  externalId: `x-${contractId}`,
  ...changes,
});

test('what is to run and is switched off, or not there, is down', () => {
  const machines = [
    { externalId: 'x-runs', power: 'running' as const },
    { externalId: 'x-off', power: 'stopped' as const },
    { externalId: 'x-odd', power: 'unknown' as const },
  ];
  const records = ['runs', 'off', 'odd', 'away'].map((id) => record(id));
  expect(downOf(records, machines, NOW)).toEqual([
    { contractId: 'off', what: 'stopped' },
    { contractId: 'away', what: 'missing' },
  ]);
});

test.each<[string, Partial<MachineRecord>]>([
  ['stopped by order', { phase: 'stopped' }],
  ['being made', { phase: 'creating', externalId: undefined }],
  ['being removed', { phase: 'removing' }],
  ['gone', { phase: 'gone' }],
  ['failed', { phase: 'failed' }],
  ['its paid time is over', { endsAtNs: NOW.toString() }],
])('what shall not run is not down: %s', (_what, changes) => {
  expect(downOf([record('c', changes)], [{ externalId: 'x-c', power: 'stopped' }], NOW)).toEqual([]);
  expect(downOf([record('c', changes)], [], NOW)).toEqual([]);
});

test('it is started again at once, then after 15, 30, 60 seconds, and at last every ten minutes', () => {
  expect(mayStartAgain(undefined, NOW)).toBe(true);
  for (const [count, seconds] of [
    [1, 15n],
    [2, 30n],
    [3, 60n],
    [6, 480n],
    [7, 600n],
    [1_000, 600n],
  ] as const) {
    const starts = { count, lastAtNs: NOW };
    expect([count, mayStartAgain(starts, NOW + seconds * SECOND - 1n)]).toEqual([count, false]);
    expect([count, mayStartAgain(starts, NOW + seconds * SECOND)]).toEqual([count, true]);
  }
  expect(hasSettled({ count: 9, lastAtNs: NOW }, NOW + 600n * SECOND - 1n)).toBe(false);
  expect(hasSettled({ count: 9, lastAtNs: NOW }, NOW + 600n * SECOND)).toBe(true);
});
