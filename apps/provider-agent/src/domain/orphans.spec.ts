import type { DesiredMachine, FoundMachine } from './machine.ts';
import { type Knowledge, machinesNamed, orphansOf } from './orphans.ts';
import type { MachineRecord } from './record.ts';

const own = { environment: 'test', agent: 'a'.repeat(16) };
const machine = (contractId: string, over: Partial<FoundMachine> & { generation?: number } = {}) => {
  const { generation = 1, ...more } = over;
  return {
    externalId: `x-${contractId}-${generation}`,
    marks: { contractId, generation, ...own },
    power: 'running' as const,
    ...more,
  };
};
const record = (contractId: string, over: Partial<MachineRecord> = {}): MachineRecord => ({
  contractId,
  generation: 1,
  phase: 'running',
  changedAtNs: '1',
  externalId: `x-${contractId}-1`,
  ...over,
});
const wants = (contractId: string, over: Partial<DesiredMachine> = {}): DesiredMachine => ({
  contractId,
  generation: 1,
  desired: 'running',
  deadlineNs: '9',
  encryptionPublicKeys: [],
  ...over,
});
const judged = (over: Partial<Knowledge>) =>
  orphansOf({ machines: [], records: [], desired: [], own, ...over }).map(
    ({ externalId, kind, whyNotAdopt, whyNotDestroy }) => [
      externalId,
      kind,
      whyNotAdopt === undefined,
      whyNotDestroy === undefined,
    ],
  );

test('a machine for which a contract of the journal stands is no orphan, whatever the platform says', () => {
  const machines = [machine('a')];
  for (const phase of ['running', 'stopped', 'removing'] as const) {
    expect(judged({ machines, records: [record('a', { phase })] })).toEqual([]);
  }
  const { externalId: _, ...creating } = record('a', { phase: 'creating' });
  expect(judged({ machines, records: [creating] })).toEqual([]);
  const { marks: __, ...unmarked } = machine('a');
  expect(judged({ machines: [unmarked], records: [record('a')] })).toEqual([]);
});

test('what nobody wants can be destroyed and not adopted', () => {
  const machines = [machine('a')];
  const verdict = [['x-a-1', 'unwanted', false, true]];
  expect(judged({ machines })).toEqual(verdict);
  expect(judged({ machines, desired: [wants('a', { desired: 'absent' })] })).toEqual(verdict);
  expect(judged({ machines, records: [record('a', { phase: 'gone' })] })).toEqual(verdict);
  expect(judged({ machines, records: [record('a', { phase: 'failed' })] })).toEqual(verdict);
});

test('what the platform wants is never destroyed, and adopted only when it wants exactly that running', () => {
  const machines = [machine('a')];
  expect(judged({ machines, desired: [wants('a')] })).toEqual([['x-a-1', 'not-in-journal', true, false]]);
  const not = [['x-a-1', 'not-in-journal', false, false]];
  expect(judged({ machines, desired: [wants('a', { generation: 2 })] })).toEqual(not);
  expect(judged({ machines, desired: [wants('a', { desired: 'stopped' })] })).toEqual(not);
});

test('of two machines of a contract the one that serves it stays, and without one neither is taken or destroyed', () => {
  const machines = [machine('a'), machine('a', { generation: 2 })];
  const desired = [wants('a')];
  expect(judged({ machines, desired, records: [record('a')] })).toEqual([['x-a-2', 'spare', false, true]]);
  expect(judged({ machines, desired })).toEqual([
    ['x-a-1', 'not-in-journal', false, false],
    ['x-a-2', 'not-in-journal', false, false],
  ]);
});

test('machines of others are left alone, unmarked ones are not adopted', () => {
  const base = machine('a');
  const machines = [
    { ...base, externalId: 'x1', marks: { ...base.marks, agent: 'b'.repeat(16) } },
    { ...base, externalId: 'x2', marks: { ...base.marks, environment: 'prod' } },
    { externalId: 'x3', power: 'running' as const },
  ];
  expect(judged({ machines, desired: [wants('a')] })).toEqual([
    ['x1', 'foreign', false, false],
    ['x2', 'foreign', false, false],
    ['x3', 'unmarked', false, true],
  ]);
});

test('what the backend does not touch is not destroyed, and the reason is said', () => {
  const machines = [{ externalId: 'x', power: 'running' as const, whyLeftAlone: 'half its labels' }];
  expect(orphansOf({ machines, records: [], desired: [], own })).toEqual([
    expect.objectContaining({ kind: 'unmarked', whyNotDestroy: 'half its labels' }),
  ]);
});

test('without the word of the platform nothing may be done', () => {
  const machines = [
    machine('a'),
    machine('b', { generation: 2 }),
    { externalId: 'x3', power: 'running' as const },
  ];
  expect(judged({ machines, desired: undefined, records: [record('b')] })).toEqual([
    ['x-a-1', 'unwanted', false, false],
    ['x-b-2', 'unwanted', false, false],
    ['x3', 'unmarked', false, false],
  ]);
});

test('remains are listed also while their removal goes on, and can be destroyed but by others', () => {
  const remains = machine('a', { left: 'EACCES' });
  const verdict = [['x-a-1', 'remains', false, true]];
  expect(judged({ machines: [remains] })).toEqual(verdict);
  expect(judged({ machines: [remains], records: [record('a', { phase: 'removing' })] })).toEqual(verdict);
  expect(judged({ machines: [remains], desired: [wants('a')] })).toEqual(verdict);
  expect(judged({ machines: [remains], desired: undefined })).toEqual([['x-a-1', 'remains', false, false]]);
  const { marks: _, ...unmarked } = remains;
  expect(judged({ machines: [unmarked] })).toEqual(verdict);
  const foreign = { ...remains, marks: { ...remains.marks, environment: 'prod' } };
  expect(judged({ machines: [foreign] })).toEqual([['x-a-1', 'foreign', false, false]]);
  const machines = [machine('a', { generation: 2 }), remains];
  expect(judged({ machines, desired: [wants('a', { generation: 2 })] })).toEqual([
    ['x-a-2', 'not-in-journal', true, false],
    ...verdict,
  ]);
});

test('a machine is named by its id, or by the beginning that only its id has', () => {
  const machines = ['dc-a1', 'dc-a1-b', 'dc-b2'].map((externalId) => ({ externalId }));
  const named = (text: string) => machinesNamed(machines, text).map(({ externalId }) => externalId);
  expect(named('dc-b')).toEqual(['dc-b2']);
  expect(named('dc-a1')).toEqual(['dc-a1']);
  expect(named('dc-a')).toEqual(['dc-a1', 'dc-a1-b']);
  expect([named('x'), named('')]).toEqual([[], []]);
});
