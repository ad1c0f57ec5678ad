import { secondsToNs } from '@decent-cloud/kernel';
import { compareObserved, type KnownMachine, type ObservedMachine } from './compare-observed.ts';

const AT = secondsToNs(1_795_414_881);
const ago = (seconds: number) => AT - secondsToNs(seconds);
const running: KnownMachine = {
  contractId: 'c',
  generation: 1,
  desired: 'running',
  state: 'provisioned',
  settledAtNs: ago(100),
  absentSinceNs: null,
  lostAtNs: null,
  availability: 'up',
  madeByPolling: false,
};
const absent: KnownMachine = { ...running, desired: 'absent', absentSinceNs: ago(100) };
const there = { contractId: 'c', generation: 1, power: 'running' as const };
const nothing = { toRemove: [], gone: [], standing: [], unknown: 0 };
const PATIENCE = { lostAfterNs: secondsToNs(600), allLostAfterNs: secondsToNs(3_600) };
const compare = (observed: readonly ObservedMachine[], known: readonly KnownMachine[]) =>
  compareObserved(observed, known, AT, PATIENCE);

test('what runs and shall run is in order', () => {
  expect(compare([there], [running])).toEqual(nothing);
});

test('what runs and shall not is to be removed, also when it had been called gone', () => {
  expect(compare([there], [absent])).toEqual({ ...nothing, toRemove: [absent] });
  const back = { ...absent, state: 'gone' as const };
  expect(compare([there], [back])).toEqual({ ...nothing, toRemove: [back] });
});

test('what shall be absent and is not there is gone', () => {
  expect(compare([], [absent])).toEqual({ ...nothing, gone: [absent] });
});

test.each(['offered', 'claimed'] as const)('but not one that may still be made (%s)', (state) => {
  expect(compare([], [{ ...absent, state }])).toEqual(nothing);
});

test('unless the same agent has worked on a newer generation: then it will never make the old one', () => {
  const old = { ...absent, state: 'offered' as const };
  const newer = { ...running, generation: 2, state: 'claimed' as const, settledAtNs: null };
  expect(compare([], [old, newer])).toEqual({ ...nothing, gone: [old] });
  for (const state of ['provisioned', 'failed', 'gone'] as const) {
    const over = { ...absent, generation: 2, state, absentSinceNs: ago(10) };
    expect([state, compare([], [old, over])]).toEqual([state, { ...nothing, gone: [old] }]);
  }
  expect(compare([there], [old, newer])).toEqual({ ...nothing, toRemove: [old] });
  expect(compare([], [old, { ...newer, state: 'offered' }])).toEqual(nothing);
  expect(compare([], [old, { ...newer, contractId: 'd' }])).toEqual(nothing);
});

test('what is gone is not said to be gone again', () => {
  const old = { ...absent, state: 'gone' as const };
  expect(compare([], [old, { ...absent, generation: 2, absentSinceNs: ago(10) }])).toEqual(nothing);
});

test('and not by an observation from before, or around, the command', () => {
  expect(compare([], [{ ...absent, absentSinceNs: ago(30) }])).toEqual(nothing);
  expect(compare([], [{ ...absent, absentSinceNs: ago(-5) }])).toEqual(nothing);
});

test('what shall run and is not there is noted, then missing, then lost, and may be found again', () => {
  const noted = { ...running, lostAtNs: AT };
  expect(compare([], [running]).standing).toEqual([
    { machine: running, next: { availability: 'up', lostAtNs: AT, sinceNs: AT } },
  ]);
  expect(compare([], [noted])).toEqual(nothing);
  const away = { ...running, lostAtNs: ago(15) };
  const missing = { ...away, availability: 'missing' as const };
  expect(compare([], [away]).standing).toMatchObject([{ next: { availability: 'missing' } }]);
  expect(compare([], [missing])).toEqual(nothing);
  const longAway = { ...missing, lostAtNs: ago(600) };
  expect(compare([], [longAway]).standing).toMatchObject([{ next: { availability: 'lost' } }]);
  expect(compare([there], [missing]).standing).toMatchObject([
    { next: { availability: 'up', lostAtNs: null, sinceNs: AT } },
  ]);
  expect(compare([], [{ ...running, settledAtNs: ago(10) }])).toEqual(nothing);
});

test('what shall run and is switched off is stopped, until it runs', () => {
  const off = { ...there, power: 'stopped' as const };
  expect(compare([off], [running]).standing).toMatchObject([{ next: { availability: 'stopped' } }]);
  const stopped = { ...running, availability: 'stopped' as const };
  expect(compare([off], [stopped])).toEqual(nothing);
  expect(compare([there], [stopped]).standing).toMatchObject([{ next: { availability: 'up' } }]);
});

test('when all machines of an agent are away their disk is likelier away: they are lost much later', () => {
  const away = (contractId: string, seconds: number): KnownMachine => ({
    ...running,
    contractId,
    availability: 'missing',
    lostAtNs: ago(seconds),
  });
  expect(compare([], [away('c', 3_599), away('d', 3_599)])).toEqual(nothing);
  expect(compare([], [away('c', 3_600), away('d', 3_600)]).standing).toHaveLength(2);
  const other = { ...running, contractId: 'd' };
  expect(compare([{ ...there, contractId: 'd' }], [away('c', 600), other]).standing).toMatchObject([
    { next: { availability: 'lost' } },
  ]);
});

test('what nobody ordered is only counted: another generation, no contract, somebody’s own machine', () => {
  const power = 'running' as const;
  const strangers = [
    { contractId: 'c', generation: 2, power },
    { contractId: 'x', generation: 1, power },
    { power },
  ];
  expect(compare([there, ...strangers], [running])).toEqual({ ...nothing, unknown: 3 });
});

test('what an agent made while it polled is neither lost nor gone because an observation does not know it', () => {
  expect(compare([], [{ ...running, madeByPolling: true }])).toEqual(nothing);
  expect(compare([], [{ ...absent, madeByPolling: true }])).toEqual(nothing);
});
