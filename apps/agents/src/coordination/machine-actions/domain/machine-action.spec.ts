import { dueStep, givenUp, takesResult } from './machine-action.ts';

test.each([
  ['before its time', 5n, 'nothing'],
  ['when it is time', 10n, 'command'],
  ['just before the deadline', 99n, 'command'],
  ['at the deadline', 100n, 'give-up'],
])('an action %s', (_, now, step) => {
  expect(dueStep({ deadlineNs: 100n, nextCommandAtNs: 10n }, now)).toBe(step);
});

test('the first result counts; done counts also after nobody waited any longer', () => {
  const done = { outcome: 'done' } as const;
  const failed = givenUp('NOT_RUNNING');
  const pending = { state: 'pending', failureCode: null } as const;
  const late = { state: 'failed', failureCode: 'NO_ANSWER' } as const;
  expect([takesResult(pending, done), takesResult(pending, failed)]).toEqual([true, true]);
  expect([takesResult(late, done), takesResult(late, failed)]).toEqual([true, false]);
  expect(takesResult({ state: 'failed', failureCode: 'SUPERSEDED' }, done)).toBe(false);
  expect(takesResult({ state: 'done', failureCode: null }, failed)).toBe(false);
});
