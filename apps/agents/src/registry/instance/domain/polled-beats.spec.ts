import { secondsToNs } from '@decent-cloud/kernel';
import { looksDoubled, type PolledBeat, printOf, withBeat } from './polled-beats.ts';

const START = 1_795_414_881;
/** One beat for each print, so many seconds apart. */
const beats = (everySeconds: number, prints: readonly (string | undefined)[]): PolledBeat[] => {
  let heard: PolledBeat[] = [];
  prints.forEach((print, index) => {
    heard = withBeat(heard, print, secondsToNs(START + index * everySeconds));
  });
  return heard;
};
const times = (count: number, ...prints: (string | undefined)[]) =>
  Array.from({ length: count }, () => prints).flat();

test('one agent that beats once a minute looks like one, for days, also when it is replaced by a newer version', () => {
  expect(looksDoubled(beats(60, times(1_440, 'a')))).toBe(false);
  expect(looksDoubled(beats(60, [...times(10, 'a'), ...times(10, 'b')]))).toBe(false);
  expect(looksDoubled(beats(60, ['a', 'b', 'c', 'd']))).toBe(false);
  expect(looksDoubled(beats(60, times(20, 'a', undefined)))).toBe(false);
});

test('two hosts that take turns look like two', () => {
  expect(looksDoubled(beats(30, ['a', 'b']))).toBe(false);
  expect(looksDoubled(beats(30, ['a', 'b', 'a']))).toBe(true);
  expect(looksDoubled(beats(30, ['a', undefined, 'b', 'b', undefined, 'a']))).toBe(true);
});

test('a version that was tried and taken back a while later does not', () => {
  expect(looksDoubled(beats(600, ['a', 'b', 'a']))).toBe(false);
});

test('two hosts alike are seen by the number of their heartbeats', () => {
  expect(looksDoubled(beats(30, times(23, 'a')))).toBe(false);
  expect(looksDoubled(beats(30, times(24, 'a')))).toBe(true);
  expect(looksDoubled(beats(45, times(100, 'a')))).toBe(false);
});

test('what tells hosts apart is what stays: processor, memory, version', () => {
  const resources = { cpuModel: 'EPYC', cpuCores: 8n, memoryTotalMb: 64_000n, memoryAvailableMb: 1n };
  const print = printOf({ version: '1', resources });
  expect(printOf({ version: '1', resources: { ...resources, memoryAvailableMb: 2n } })).toBe(print);
  expect(printOf({ version: '1', resources: { ...resources, memoryTotalMb: 32_000n } })).not.toBe(print);
  expect(printOf({ version: '2', resources })).not.toBe(print);
  expect(printOf({ version: '1' })).toBeUndefined();
});
