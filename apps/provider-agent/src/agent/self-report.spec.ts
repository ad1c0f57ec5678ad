import type { Backend } from '../backends/backend.ts';
import { createLogger } from '../log.ts';
import { SelfReport, type SelfReportOptions } from './self-report.ts';

const reportOf = (backend: Partial<Backend>, wanted: object = { all: undefined }) =>
  new SelfReport({
    ...{ agentPublicKey: 'aa', version: '1', marks: { environment: 'dev', agent: 'a' } },
    backend: { list: async () => [], capacity: async () => 3, ...backend } as Backend,
    logger: createLogger('text', 'silent'),
    wanted,
    link: { platformNow: () => 5n },
    worker: { activeCount: 0, isMaking: () => false },
    refusedCommands: () => 0,
  } as unknown as SelfReportOptions);

test('a heartbeat says what the host has, which is asked of the backend once', async () => {
  let asked = 0;
  const report = reportOf({
    hostSize: async () => {
      asked++;
      return { cpuCores: 2, memoryTotalMb: 4_096 };
    },
  });
  await report.pulse();
  expect(await report.pulse()).toEqual({
    ...{ atNs: '5', activeContracts: 0, freeSlots: 3 },
    resources: { cpuCores: 2, memoryTotalMb: 4_096 },
  });
  expect(asked).toBe(1);
});

test('the drift is beside it; a backend without a size says none', async () => {
  const drift = { missing: 0, unexpected: 0, wrongPower: 0, foreign: 0 };
  expect((await reportOf({}, { all: [] }).pulse()).resources).toEqual({ drift });
  expect(await reportOf({}).pulse()).not.toHaveProperty('resources');
});

test('a backend that does not say its size offers no place, and is asked again', async () => {
  let isAway = true;
  const report = reportOf({
    hostSize: async () => {
      if (isAway) throw new Error('away');
      return { cpuCores: 2, memoryTotalMb: 1 };
    },
  });
  expect(await report.pulse()).toEqual({ atNs: '5', activeContracts: 0, freeSlots: 0 });
  isAway = false;
  expect((await report.pulse()).resources).toEqual({ cpuCores: 2, memoryTotalMb: 1 });
});
