import { Wanted } from './wanted.ts';

const machine = (contractId: string, desired: 'running' | 'absent', generation = 1) => ({
  contractId,
  generation,
  desired,
  deadlineNs: '1',
  encryptionPublicKeys: [],
});
const known = (wanted: Wanted) =>
  wanted.all?.map(({ contractId, desired, generation }) => `${contractId} ${desired} ${generation}`).sort();

test('nothing is known before the first snapshot', () => {
  const wanted = new Wanted();
  wanted.note(machine('a', 'running'));
  expect(wanted.all).toBeUndefined();
});

test('a snapshot replaces what was, but not the commands that came while it was on its way', () => {
  const wanted = new Wanted();
  wanted.note(machine('before', 'running'));
  const mark = wanted.mark();
  wanted.note(machine('meanwhile', 'running'));
  wanted.replace([machine('a', 'running')], mark);
  expect(known(wanted)).toEqual(['a running 1', 'meanwhile running 1']);
  wanted.replace([machine('a', 'running')], wanted.mark());
  expect(known(wanted)).toEqual(['a running 1']);
});

test('older commands change nothing, and absent is final within its generation', () => {
  const wanted = new Wanted();
  wanted.replace([machine('a', 'running', 2)], wanted.mark());
  wanted.note(machine('a', 'absent', 1));
  expect(known(wanted)).toEqual(['a running 2']);
  wanted.note(machine('a', 'absent', 2));
  wanted.note(machine('a', 'running', 2));
  expect(known(wanted)).toEqual(['a absent 2']);
  wanted.note(machine('a', 'running', 3));
  expect(known(wanted)).toEqual(['a running 3']);
});
