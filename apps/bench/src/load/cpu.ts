import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { type ProcessStat, parseProcessStat } from './process-stat.ts';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8', timeout: 5_000 }));

/** @throws Error where the kernel does not tell what a process has used */
export function assertCpuIsKnown(): void {
  if (!existsSync('/proc/self/stat')) {
    throw new Error('CPU of processes is read from /proc: run the benchmarks on Linux');
  }
}

async function statOf(pid: number): Promise<ProcessStat | undefined> {
  try {
    return parseProcessStat(await readFile(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(String((error as NodeJS.ErrnoException).code))) return undefined;
    throw error;
  }
}

/** CPU seconds that these processes have used until now, all their children (a database has many) included. */
export async function cpuSeconds(pids: readonly number[]): Promise<number> {
  const all = new Map<number, ProcessStat>();
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await statOf(Number(entry));
    if (stat) all.set(stat.pid, stat);
  }
  const children = Map.groupBy(all.values(), ({ parent }) => parent);
  let ticks = 0;
  const count = (pid: number): void => {
    const stat = all.get(pid);
    if (!stat) throw new Error(`process ${pid} has ended: what it used is not known any more`);
    ticks += stat.ownTicks + stat.endedChildrenTicks;
    for (const child of children.get(pid) ?? []) count(child.pid);
  };
  for (const pid of pids) count(pid);
  return ticks / ticksPerSecond;
}

export interface Used {
  /** Of each group of processes. */
  readonly cpuSeconds: Readonly<Record<string, number>>;
  readonly wallSeconds: number;
}

/** What groups of processes use while `work` runs. */
export async function measureCpu(
  groups: Readonly<Record<string, readonly number[]>>,
  work: () => Promise<unknown>,
): Promise<Used> {
  const read = async (): Promise<Record<string, number>> =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(groups).map(async ([name, pids]) => [name, await cpuSeconds(pids)] as const),
      ),
    );
  const before = await read();
  const started = performance.now();
  await work();
  const wallSeconds = (performance.now() - started) / 1_000;
  const after = await read();
  return {
    wallSeconds,
    cpuSeconds: Object.fromEntries(
      Object.entries(after).map(([name, seconds]) => [name, seconds - (before[name] as number)]),
    ),
  };
}

export const totalCpuSeconds = (used: Used): number =>
  Object.values(used.cpuSeconds).reduce((sum, seconds) => sum + seconds, 0);
