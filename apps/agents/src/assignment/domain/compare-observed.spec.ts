import { secondsToNs } from '@decent-cloud/kernel';
import { compareObserved, type KnownMachine } from './compare-observed.ts';

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
  madeByPolling: false,
};
const absent: KnownMachine = { ...running, desired: 'absent', absentSinceNs: ago(100) };
const there = { contractId: 'c', generation: 1 };
const nothing = { toRemove: [], gone: [], lost: [], found: [], unknown: 0 };

test('what runs and shall run is in order', () => {
  expect(compareObserved([there], [running], AT)).toEqual(nothing);
});

test('what runs and shall not is to be removed, also when it had been called gone', () => {
  expect(compareObserved([there], [absent], AT)).toEqual({ ...nothing, toRemove: [absent] });
  const back = { ...absent, state: 'gone' as const };
  expect(compareObserved([there], [back], AT)).toEqual({ ...nothing, toRemove: [back] });
});

test('what shall be absent and is not there is gone', () => {
  expect(compareObserved([], [absent], AT)).toEqual({ ...nothing, gone: [absent] });
});

test.each(['offered', 'claimed'] as const)('but not one that may still be made (%s)', (state) => {
  expect(compareObserved([], [{ ...absent, state }], AT)).toEqual(nothing);
});

test('unless the same agent has worked on a newer generation: then it will never make the old one', () => {
  const old = { ...absent, state: 'offered' as const };
  const newer = { ...running, generation: 2, state: 'claimed' as const, settledAtNs: null };
  expect(compareObserved([], [old, newer], AT)).toEqual({ ...nothing, gone: [old] });
  for (const state of ['provisioned', 'failed', 'gone'] as const) {
    const over = { ...absent, generation: 2, state, absentSinceNs: ago(10) };
    expect([state, compareObserved([], [old, over], AT)]).toEqual([state, { ...nothing, gone: [old] }]);
  }
  expect(compareObserved([there], [old, newer], AT)).toEqual({ ...nothing, toRemove: [old] });
  expect(compareObserved([], [old, { ...newer, state: 'offered' }], AT)).toEqual(nothing);
  expect(compareObserved([], [old, { ...newer, contractId: 'd' }], AT)).toEqual(nothing);
});

test('what is gone is not said to be gone again', () => {
  const old = { ...absent, state: 'gone' as const };
  expect(compareObserved([], [old, { ...absent, generation: 2, absentSinceNs: ago(10) }], AT)).toEqual(
    nothing,
  );
});

test('and not by a report from before, or around, the order', () => {
  expect(compareObserved([], [{ ...absent, absentSinceNs: ago(30) }], AT)).toEqual(nothing);
  expect(compareObserved([], [{ ...absent, absentSinceNs: ago(-5) }], AT)).toEqual(nothing);
});

test('what shall run and is not there is lost, once, and found again', () => {
  expect(compareObserved([], [running], AT)).toEqual({ ...nothing, lost: [running] });
  const lost = { ...running, lostAtNs: ago(10) };
  expect(compareObserved([], [lost], AT)).toEqual(nothing);
  expect(compareObserved([there], [lost], AT)).toEqual({ ...nothing, found: [lost] });
  expect(compareObserved([], [{ ...running, settledAtNs: ago(10) }], AT)).toEqual(nothing);
});

test('what nobody ordered is only counted: another generation, no contract, somebody’s own machine', () => {
  const strangers = [{ contractId: 'c', generation: 2 }, { contractId: 'x', generation: 1 }, {}];
  expect(compareObserved([there, ...strangers], [running], AT)).toEqual({ ...nothing, unknown: 3 });
});

test('what an agent made while it polled is neither lost nor gone because a full report does not know it', () => {
  expect(compareObserved([], [{ ...running, madeByPolling: true }], AT)).toEqual(nothing);
  expect(compareObserved([], [{ ...absent, madeByPolling: true }], AT)).toEqual(nothing);
});
