import { parseProcessStat } from './process-stat.ts';

const stat = (name: string) =>
  `4242 (${name}) S 17 4242 4242 0 -1 4194560 5823 91 0 0 310 42 7 5 20 0 11 0 123456 1234567 8901 18446744073709551615 1 1 0`;

test('own time and that of ended children, user and system together', () => {
  expect(parseProcessStat(stat('node'))).toEqual({
    pid: 4242,
    parent: 17,
    ownTicks: 352,
    endedChildrenTicks: 12,
  });
});

test('names may look like anything', () => {
  expect(parseProcessStat(stat('a) S 1 (b c')).parent).toBe(17);
});

test('what is no process is not taken for one', () => {
  expect(() => parseProcessStat('')).toThrow(/not a process/);
  expect(() => parseProcessStat('12 (node) S')).toThrow(/not a process/);
});
