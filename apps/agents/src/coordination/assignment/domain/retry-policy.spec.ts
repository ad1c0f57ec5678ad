import type { Attempt, Outcome } from './attempt.ts';
import { commandRepeatSeconds, isRuledOut, stepAfterFailure } from './retry-policy.ts';

const attempt = (agentPublicKey: string, outcome: Outcome): Attempt => ({
  agentPublicKey,
  outcome,
  settledAtNs: 1n,
});
const transient = (count: number) => Array.from({ length: count }, () => attempt('a', 'transient'));

test.each([
  [1, { next: 'same-agent', afterSeconds: 5 }],
  [2, { next: 'same-agent', afterSeconds: 30 }],
  [3, { next: 'same-agent', afterSeconds: 120 }],
  [4, { next: 'only-others' }],
])('after %i failures that pass: %j', (count, step) => {
  expect(stepAfterFailure('transient', 'a', transient(count))).toEqual(step);
});

test('failures of other agents and of other kinds do not count', () => {
  const attempts = [attempt('b', 'transient'), attempt('a', 'capacity'), attempt('a', 'transient')];
  expect(stepAfterFailure('transient', 'a', attempts)).toEqual({ next: 'same-agent', afterSeconds: 5 });
});

test('no room: another agent, at once', () => {
  expect(stepAfterFailure('capacity', 'a', [])).toEqual({ next: 'another-agent' });
});

test('what this agent can never make: others only', () => {
  expect(stepAfterFailure('config', 'a', [])).toEqual({ next: 'only-others' });
});

test('what nobody can make: over', () => {
  expect(stepAfterFailure('permanent', 'a', [])).toEqual({ next: 'give-up' });
});

test('ruled out is who can never make it or failed four times, and nobody else', () => {
  expect(isRuledOut('a', [attempt('b', 'transient'), attempt('a', 'config')])).toBe(true);
  expect(isRuledOut('a', transient(4))).toBe(true);
  expect(isRuledOut('a', transient(3))).toBe(false);
  expect(isRuledOut('a', [attempt('b', 'config'), attempt('a', 'capacity'), attempt('a', 'silent')])).toBe(
    false,
  );
});

test('commands to remove are repeated ever more slowly, at least every ten minutes', () => {
  expect([1, 2, 3, 6, 7, 1_000].map((commands) => commandRepeatSeconds(commands, 15))).toEqual([
    15, 30, 60, 480, 600, 600,
  ]);
});
