import { hostSizeIn } from './host-size.ts';

test('is what the agent measures, beside whatever else it says', () => {
  expect(hostSizeIn({ drift: { missing: 0 }, cpuCores: 2, memoryTotalMb: 4_096 })).toEqual({
    cpuCores: 2,
    memoryTotalMb: 4_096,
  });
});

test('counts threads, since machines get those', () => {
  expect(hostSizeIn({ cpuCores: 8, cpuThreads: 16, memoryTotalMb: 64_000n })).toEqual({
    cpuCores: 16,
    memoryTotalMb: 64_000,
  });
});

test.each([
  null,
  undefined,
  'big',
  { drift: {} },
  { cpuCores: 8 },
  { cpuCores: 0, memoryTotalMb: 1 },
  { cpuCores: 2, memoryTotalMb: null },
  { cpuCores: 1.5, memoryTotalMb: 1 },
  { cpuCores: 10n ** 30n, memoryTotalMb: 1 },
])('is not known from %p', (resources) => {
  expect(hostSizeIn(resources)).toBeUndefined();
});
