import { hostSizeOf, mustFitHost } from './host-size.ts';

const host = hostSizeOf({ NCPU: 2, MemTotal: 4_096 * 1024 ** 2 + 5 });

test('a machine as large as the host fits; what is not said is the usual size', () => {
  expect(() => mustFitHost({ cpuCores: 2, memoryMb: 4_096 }, host)).not.toThrow();
  expect(() => mustFitHost({}, host)).not.toThrow();
});

test.each([
  [{ cpuCores: 64, memoryMb: 1_024 }, 'TOO_MANY_CPUS', 'the host has 2 CPUs, the machine is to have 64'],
  [{ memoryMb: 4_097 }, 'TOO_MUCH_MEMORY', 'the host has 4096 MiB of memory, the machine is to have 4097'],
])('what can never fit is a matter of the settings: %j', (spec, code, message) => {
  expect(() => mustFitHost(spec, host)).toThrow(
    expect.objectContaining({ failure: { class: 'config', code, message } }),
  );
});

test('the usual size is too much for a tiny host', () => {
  expect(() => mustFitHost({}, { cpuCores: 1, memoryTotalMb: 511 })).toThrow(
    expect.objectContaining({ failure: expect.objectContaining({ code: 'TOO_MUCH_MEMORY' }) }),
  );
});
