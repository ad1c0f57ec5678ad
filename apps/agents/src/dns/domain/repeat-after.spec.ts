import { repeatAfterSeconds } from './repeat-after.ts';

test('waits double from a quarter of a minute to ten minutes', () => {
  expect([0, 1, 2, 5, 6, 1_000].map(repeatAfterSeconds)).toEqual([15, 30, 60, 480, 600, 600]);
});
