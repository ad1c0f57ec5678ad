import { secondsToNs } from '@decent-cloud/kernel';
import { downTimeAfter, type Seen, type Standing, standingAfter } from './availability.ts';

const AT = secondsToNs(1_795_414_881);
const at = (seconds: number) => AT + secondsToNs(seconds);
const UP: Standing = { availability: 'up', lostAtNs: null };
const LOST_AFTER = secondsToNs(600);

/** What comes of observations, each so many seconds after the first. */
function after(reports: readonly (readonly [number, Seen])[], lostAfterNs: bigint | null = LOST_AFTER) {
  let standing: Standing = UP;
  for (const [seconds, seen] of reports) standing = standingAfter(standing, seen, at(seconds), lostAfterNs);
  return standing.availability;
}

test.each<[string, readonly (readonly [number, Seen])[], string]>([
  ['it runs', [[0, 'running']], 'up'],
  ['it was switched off', [[0, 'stopped']], 'stopped'],
  ['one list without it, of an engine that restarts', [[0, 'absent']], 'up'],
  [
    'the same a moment later',
    [
      [0, 'absent'],
      [9, 'absent'],
    ],
    'up',
  ],
  [
    'a list that flaps for an hour',
    Array.from({ length: 240 }, (_, look) => [look * 15, look % 2 === 0 ? 'absent' : 'running'] as const),
    'up',
  ],
  [
    'two looks',
    [
      [0, 'absent'],
      [15, 'absent'],
    ],
    'missing',
  ],
  [
    'away, but not for long enough',
    [
      [0, 'absent'],
      [599, 'absent'],
    ],
    'missing',
  ],
  [
    'away for so long',
    [
      [0, 'absent'],
      [600, 'absent'],
    ],
    'lost',
  ],
  [
    'seen in between: the time begins anew',
    [
      [0, 'absent'],
      [400, 'unknown'],
      [500, 'absent'],
      [1_099, 'absent'],
    ],
    'missing',
  ],
  [
    'it came back after all',
    [
      [0, 'absent'],
      [700, 'absent'],
      [800, 'running'],
    ],
    'up',
  ],
  [
    'switched off, then removed',
    [
      [0, 'stopped'],
      [100, 'absent'],
      [105, 'absent'],
    ],
    'stopped',
  ],
  ['nobody knows', [[0, 'unknown']], 'up'],
  [
    'there again, and nobody knows whether it runs',
    [
      [0, 'absent'],
      [20, 'absent'],
      [40, 'unknown'],
    ],
    'stopped',
  ],
])('%s', (_what, reports, availability) => {
  expect(after(reports)).toBe(availability);
});

test('a list of what runs alone never makes a machine lost', () => {
  const reports = [
    [0, 'absent'],
    [86_400, 'absent'],
  ] as const;
  expect(after(reports, null)).toBe('missing');
});

test('what is missing is down since the first list without it', () => {
  const first = standingAfter(UP, 'absent', at(0), LOST_AFTER);
  expect(standingAfter(first, 'absent', at(15), LOST_AFTER).sinceNs).toBe(at(0));
});

test('the times without a machine add up, to the nanosecond, whatever came in between', () => {
  let time = { availabilityVersion: 0, downSinceNs: null as bigint | null, downNs: 0n };
  time = downTimeAfter(time, 'stopped', at(10));
  time = downTimeAfter(time, 'missing', at(25));
  time = downTimeAfter(time, 'lost', at(25));
  expect(time).toEqual({ availabilityVersion: 3, downSinceNs: at(10), downNs: 0n });
  time = downTimeAfter(time, 'up', at(70) + 7n);
  expect(time).toEqual({ availabilityVersion: 4, downSinceNs: null, downNs: secondsToNs(60) + 7n });
  time = downTimeAfter(downTimeAfter(time, 'stopped', at(100)), 'up', at(100));
  expect(time).toEqual({ availabilityVersion: 6, downSinceNs: null, downNs: secondsToNs(60) + 7n });
  // Whose observation is from before: nothing is taken off.
  expect(downTimeAfter(downTimeAfter(time, 'stopped', at(100)), 'up', at(90)).downNs).toBe(time.downNs);
});
