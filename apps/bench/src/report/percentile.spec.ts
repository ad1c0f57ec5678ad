import { median, percentile } from './percentile.ts';

test('percentiles are values that were seen, whatever the order', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(hundred, 50)).toBe(50);
  expect(percentile(hundred, 99)).toBe(99);
  expect(percentile(hundred, 100)).toBe(100);
  expect(percentile(hundred, 0)).toBe(1);
  expect(percentile([7], 99)).toBe(7);
  expect(percentile([10, 9, 100], 50)).toBe(10);
});

test('the values are left as they are', () => {
  const values = [3, 1, 2];
  percentile(values, 50);
  median(values);
  expect(values).toEqual([3, 1, 2]);
});

test('the median lies in the middle', () => {
  expect(median([5, 1, 100])).toBe(5);
  expect(median([4, 1, 2, 100])).toBe(3);
});

test('nothing has no middle, and no percentage is beyond 100', () => {
  expect(() => percentile([], 50)).toThrow(RangeError);
  expect(() => median([])).toThrow(RangeError);
  expect(() => percentile([1], 101)).toThrow(RangeError);
  expect(() => percentile([1], Number.NaN)).toThrow(RangeError);
});
