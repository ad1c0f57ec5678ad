import { cpusOf, readCpuList } from './cpus.ts';

test.each([
  ['0', [0]],
  ['0-3', [0, 1, 2, 3]],
  ['1,4-6,9\n', [1, 4, 5, 6, 9]],
  ['', []],
])('the list %j', (text, cpus) => {
  expect(readCpuList(text)).toEqual(cpus);
});

test('a machine has as many CPUs as were rented, always the same, and not all machines have the first ones', () => {
  const all = [2, 3, 5, 7];
  const ids = Array.from({ length: 40 }, (_, index) => `dc-${index}-g1`);
  for (const id of ids) {
    const cpus = cpusOf(id, 3, all) ?? [];
    expect(new Set(cpus).size).toBe(3);
    expect(all).toEqual(expect.arrayContaining(cpus));
    expect(cpusOf(id, 3, all)).toEqual(cpus);
  }
  expect(new Set(ids.map((id) => cpusOf(id, 1, all)?.[0])).size).toBe(all.length);
  for (const cpuCores of [4, 5]) expect(cpusOf('dc-1-g1', cpuCores, all)).toBeUndefined();
});
