import { secondsToNs } from '@decent-cloud/kernel';
import { findGone } from './find-gone.ts';

const NOW = secondsToNs(1_795_414_881);
const ago = (seconds: number) => NOW - secondsToNs(seconds);
const attempt = {
  generation: 1,
  desired: 'absent' as 'absent' | 'running',
  state: 'claimed' as 'offered' | 'claimed' | 'provisioned' | 'failed' | 'gone',
  externalId: null as string | null,
  absentSinceNs: ago(31) as bigint | null,
  leaseExpiresAtNs: null as bigint | null,
  toldToGoAtNs: null as bigint | null,
};
const isGone = (changes: Partial<typeof attempt>, isRunning = false) =>
  findGone([{ ...attempt, ...changes }], isRunning, NOW).length === 1;

test('never taken: nobody will begin it', () => {
  expect(isGone({ state: 'offered', absentSinceNs: NOW })).toBe(true);
});

test.each(['claimed', 'failed'] as const)(
  '%s and not there, for longer than the list may be old',
  (state) => {
    expect(isGone({ state })).toBe(true);
    expect(isGone({ state, absentSinceNs: ago(30) })).toBe(false);
    expect(isGone({ state }, true)).toBe(false);
  },
);

test('in hand: it may be there in a moment', () => {
  expect(isGone({ leaseExpiresAtNs: NOW + 1n })).toBe(false);
  expect(isGone({ leaseExpiresAtNs: NOW })).toBe(true);
});

test('what once ran may be switched off: only when the agent was told and sees it no more', () => {
  for (const ran of [{ state: 'provisioned' as const }, { externalId: 'vm-1' }]) {
    expect(isGone({ ...ran, absentSinceNs: ago(9_999) })).toBe(false);
    expect(isGone({ ...ran, toldToGoAtNs: ago(31) })).toBe(true);
    expect(isGone({ ...ran, toldToGoAtNs: ago(30) })).toBe(false);
    expect(isGone({ ...ran, toldToGoAtNs: ago(31) }, true)).toBe(false);
  }
});

test('what shall run, or is gone already, is left alone', () => {
  expect(isGone({ desired: 'running', state: 'provisioned', toldToGoAtNs: ago(99) })).toBe(false);
  expect(isGone({ state: 'gone' })).toBe(false);
});

test('the same agent has the contract again: the older attempt is no machine of its own', () => {
  const newer = { ...attempt, generation: 2, desired: 'running' as const, state: 'claimed' as const };
  const older = { ...attempt, state: 'provisioned' as const };
  expect(findGone([older, newer], true, NOW)).toEqual([older]);
  expect(findGone([older, { ...newer, state: 'offered' }], true, NOW)).toEqual([]);
  expect(findGone([{ ...older, generation: 3 }, newer], true, NOW)).toEqual([]);
});
