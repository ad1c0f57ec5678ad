import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { withCpus } from './cpus.ts';

const run = promisify(execFile);

/** Names the machine and the session in the environment of every process that a tenant starts. */
export const MACHINE_MARK = 'DC_MACHINE';
export const SESSION_MARK = 'DC_SESSION';

const ROUNDS = 40;
const ROUND_MS = 25;
/** Above what anybody sets this limit to; the kernel itself has no use for it any more. */
const FIRST_LIMIT = 2n ** 40n;

export interface ProcessSearch {
  readonly mark?: { readonly name: string; readonly value: string };
  /** Of the machine whose programs were started by `inMachine`. */
  readonly machine?: string;
  /** Processes that work in this folder or below. */
  readonly folder?: string;
}

let canLimit: Promise<boolean> | undefined;

/**
 * The command line that runs a program so that it is known as the machine's for good. Its environment is not enough: `sudo`
 * and `env -i` clear it, servers write their titles over it. A resource limit goes over to all that it starts.
 */
export async function inMachine(
  { externalId, cpuCores }: { readonly externalId: string; readonly cpuCores?: number | undefined },
  program: string,
  args: readonly string[],
): Promise<readonly [string, readonly string[]]> {
  canLimit ??= run('prlimit', [locks(2n * FIRST_LIMIT), 'true'], { timeout: 5_000 }).then(
    () => true,
    () => false,
  );
  const limited = await withCpus(externalId, cpuCores, [program, args]);
  if (!(await canLimit)) return limited;
  return ['prlimit', [locks(limitOf(externalId)), limited[0], ...limited[1]]];
}

const locks = (limit: bigint): string => `--locks=${limit}:${limit}`;

function limitOf(externalId: string): bigint {
  const digits = createHash('sha256').update(externalId).digest('hex').slice(0, 10);
  return FIRST_LIMIT + BigInt(`0x${digits}`);
}

/** Sends a signal to a whole process group; one that has ended is no fault. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Ends everything that the search finds, those that made a group of their own as well, and returns when none is left. A group
 * is ended at once, so that nothing in it can multiply faster than it is found.
 * @throws when some live on
 */
export async function killAll(search: ProcessSearch): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const found = await findProcesses(search);
    if (found.length === 0) return;
    const own = await groupOf(process.pid);
    const groups = new Set(await Promise.all(found.map(groupOf)));
    for (const group of groups) {
      if (group !== undefined && group > 1 && group !== own) signalOne(-group, 'SIGKILL');
    }
    for (const pid of found) signalOne(pid, 'SIGKILL');
    await sleep(ROUND_MS);
  }
  throw new Error(`processes ${(await findProcesses(search)).join(', ')} cannot be ended`);
}

async function groupOf(pid: number): Promise<number | undefined> {
  const stat = await orGone(readFile(`/proc/${pid}/stat`, 'latin1'));
  return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
}

/** Those of other users are told by being found again. */
export function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** Needs /proc; elsewhere process groups are all there is, and nothing is found. */
export async function findProcesses(search: ProcessSearch): Promise<number[]> {
  if (process.platform !== 'linux') return [];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const checks = await Promise.all(
    pids.map(async (pid) => pid !== process.pid && (await isMeant(pid, search)) && !(await isZombie(pid))),
  );
  return pids.filter((_, index) => checks[index]);
}

async function isMeant(pid: number, { mark, machine, folder }: ProcessSearch): Promise<boolean> {
  if (mark) {
    const environment = await orGone(readFile(`/proc/${pid}/environ`, 'latin1'));
    if (environment?.split('\0').includes(`${mark.name}=${mark.value}`)) return true;
  }
  if (machine !== undefined) {
    const limits = await orGone(readFile(`/proc/${pid}/limits`, 'latin1'));
    if (limits?.match(/^Max file locks +\S+ +(\d+) /m)?.[1] === String(limitOf(machine))) return true;
  }
  if (folder === undefined) return false;
  const cwd = await orGone(readlink(`/proc/${pid}/cwd`));
  return cwd === folder || cwd?.startsWith(`${folder}/`) === true;
}

async function isZombie(pid: number): Promise<boolean> {
  const stat = await orGone(readFile(`/proc/${pid}/stat`, 'latin1'));
  return stat === undefined || /\) [ZX] /.test(stat);
}

/** Processes end while one looks at them, and those of others are not ours to read. */
async function orGone(reading: Promise<string>): Promise<string | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      return undefined;
    }
    throw error;
  }
}
