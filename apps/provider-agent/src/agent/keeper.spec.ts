import type { FoundMachine } from '../domain/machine.ts';
import type { MachineRecord } from '../domain/record.ts';
import { Keeper, type KeeperOptions } from './keeper.ts';

const SECOND = 1_000_000_000n;
const START = 1_795_414_881n * SECOND;
const LOOK_SECONDS = 5;
const RUNNING: MachineRecord = {
  contractId: 'c',
  generation: 1,
  phase: 'running',
  changedAtNs: '0',
  externalId: 'x',
};

/** When it reports, in seconds since the start, with what is there at each look. */
async function reportsWhile(isThere: (seconds: number) => boolean, lastSeconds: number): Promise<number[]> {
  let seconds = 0;
  const reports: number[] = [];
  const machine = { externalId: 'x', power: 'running' } as FoundMachine;
  const keeper = new Keeper({
    backend: { list: async () => (isThere(seconds) ? [machine] : []) },
    journal: { state: { machines: new Map([['c', RUNNING]]) } },
    now: () => START + BigInt(seconds) * SECOND,
    reconciler: {
      report: async () => {
        reports.push(seconds);
      },
    },
  } as unknown as KeeperOptions);
  for (; seconds <= lastSeconds; seconds += LOOK_SECONDS) await keeper.look();
  return reports;
}

test('a machine that goes as soon as it is made is told of until the platform must have believed it', async () => {
  // The platform counts no report of a machine without it in its first 30 seconds, then needs two that are 10 apart.
  const reports = await reportsWhile((seconds) => seconds < 5, 60);
  const counted = reports.filter((seconds) => seconds > 30);
  expect((counted.at(-1) ?? 0) - (counted[0] ?? 0)).toBeGreaterThanOrEqual(10);
});

test('what stays down is told once a minute then; what is in order is not told', async () => {
  const reports = await reportsWhile((seconds) => seconds < 5, 600);
  expect(reports.filter((seconds) => seconds > 70)).toEqual([120, 180, 240, 300, 360, 420, 480, 540, 600]);
  expect(await reportsWhile(() => true, 600)).toEqual([]);
});

test('a machine that is back is told of like one that went, and then no more', async () => {
  const reports = await reportsWhile((seconds) => seconds < 5 || seconds >= 300, 900);
  const ofItsReturn = reports.filter((seconds) => seconds >= 300);
  expect(ofItsReturn.slice(0, 3)).toEqual([300, 305, 310]);
  expect(ofItsReturn.at(-1)).toBeLessThanOrEqual(365);
});
