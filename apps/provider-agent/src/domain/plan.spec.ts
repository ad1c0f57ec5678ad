import type { DesiredMachine } from './machine.ts';
import { planOf, type Situation } from './plan.ts';
import type { MachineRecord } from './record.ts';

const own = { environment: 'test', agent: 'a'.repeat(16) };
const found = (contractId: string, generation = 1, power: 'running' | 'stopped' = 'running') => ({
  externalId: `x-${contractId}`,
  marks: { contractId, generation, ...own },
  power,
});
const record = (
  contractId: string,
  phase: MachineRecord['phase'],
  over: Partial<MachineRecord> = {},
): MachineRecord => ({
  contractId,
  generation: 1,
  phase,
  changedAtNs: '1',
  externalId: `x-${contractId}`,
  ...over,
});
const wants = (
  contractId: string,
  desired: DesiredMachine['desired'],
  over: Partial<DesiredMachine> = {},
): DesiredMachine => ({
  contractId,
  generation: 1,
  desired,
  deadlineNs: '100',
  encryptionPublicKeys: [],
  ...over,
});
const acts = (over: Partial<Situation>) =>
  planOf({ machines: [], records: [], desired: [], own, nowNs: 10n, ...over }).map(
    ({ act, contractId, externalId }) => [act, contractId ?? externalId],
  );

test('what is not there is made before its deadline, and what is there is taken over', () => {
  const desired = [
    wants('new', 'running'),
    wants('late', 'running', { deadlineNs: '9' }),
    wants('there', 'running'),
  ];
  expect(acts({ desired, machines: [found('there')] })).toEqual([
    ['create', 'new'],
    ['refuse', 'late'],
    ['take-over', 'there'],
  ]);
});

test('what is to go is removed when it may be touched', () => {
  const desired = [
    wants('there', 'absent'),
    wants('gone', 'absent'),
    wants('newer', 'absent'),
    wants('others', 'absent'),
  ];
  const others = found('others');
  const machines = [
    found('there'),
    found('newer', 2),
    { ...others, marks: { ...others.marks, agent: 'b'.repeat(16) } },
  ];
  expect(acts({ desired, machines })).toEqual([
    ['remove', 'there'],
    ['none', 'gone'],
    ['refuse', 'newer'],
    ['refuse', 'others'],
  ]);
});

test('power follows the command until the paid time is over', () => {
  const desired = [
    wants('up', 'stopped'),
    wants('down', 'running'),
    wants('over', 'running', { endsAtNs: '10' }),
    wants('same', 'running'),
  ];
  const records = [
    record('up', 'running'),
    record('down', 'stopped'),
    record('over', 'stopped'),
    record('same', 'running'),
  ];
  const machines = ['up', 'down', 'over', 'same'].map((contractId) => found(contractId));
  expect(acts({ desired, records, machines })).toEqual([
    ['stop', 'up'],
    ['resume', 'down'],
    ['none', 'over'],
    ['none', 'same'],
  ]);
});

test('a machine that is missing is not made again by itself, and one that nobody names is left', () => {
  const steps = planOf({
    machines: [found('nobodys'), found('kept')],
    records: [record('lost', 'running'), record('kept', 'running')],
    desired: [wants('lost', 'running')],
    own,
    nowNs: 10n,
  });
  expect(steps).toMatchObject([
    { act: 'none', contractId: 'lost', why: expect.stringContaining('missing') },
    { act: 'leave', externalId: 'x-nobodys', why: expect.stringContaining('no contract') },
    { act: 'leave', externalId: 'x-kept', contractId: 'kept' },
  ]);
});

test('remains are removed where that is wanted, and are no machine that could be taken over', () => {
  const machines = [
    { ...found('again'), left: 'EACCES' },
    { ...found('ended'), left: 'EACCES' },
    { ...found('both'), externalId: 'x-old', left: 'EACCES' },
    found('both', 2),
  ];
  const desired = [
    wants('again', 'running', { generation: 2 }),
    wants('ended', 'absent'),
    wants('both', 'running', { generation: 2 }),
  ];
  expect(acts({ desired, machines })).toEqual([
    ['create', 'again'],
    ['remove', 'ended'],
    ['take-over', 'both'],
  ]);
});
