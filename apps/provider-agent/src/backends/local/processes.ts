import { readdir, readFile, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Names the machine and the session in the environment of every process that a tenant starts. */
export const MACHINE_MARK = 'DC_MACHINE';
export const SESSION_MARK = 'DC_SESSION';

const ROUNDS = 40;
const ROUND_MS = 25;

export interface ProcessSearch {
  readonly mark?: { readonly name: string; readonly value: string };
  /** Processes that work in this folder or below. */
  readonly folder?: string;
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
 * Ends everything that the search finds, those that made a group of their own as well, and returns when none is left.
 * @throws when some live on
 */
export async function killAll(search: ProcessSearch): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    const found = await findProcesses(search);
    if (found.length === 0) return;
    for (const pid of found) signalOne(pid);
    await sleep(ROUND_MS);
  }
  throw new Error(`processes ${(await findProcesses(search)).join(', ')} cannot be ended`);
}

function signalOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Needs /proc; elsewhere process groups are all there is, and nothing is found. */
export async function findProcesses(search: ProcessSearch): Promise<number[]> {
  if (process.platform !== 'linux') return [];
  const wanted = search.mark && `${search.mark.name}=${search.mark.value}`;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const checks = await Promise.all(
    pids.map(async (pid) => {
      if (pid === process.pid) return false;
      const environment = wanted && (await orGone(readFile(`/proc/${pid}/environ`, 'latin1')));
      if (wanted && environment?.split('\0').includes(wanted)) return !(await isZombie(pid));
      if (search.folder === undefined) return false;
      const cwd = await orGone(readlink(`/proc/${pid}/cwd`));
      return cwd === search.folder || cwd?.startsWith(`${search.folder}/`) === true;
    }),
  );
  return pids.filter((_, index) => checks[index]);
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
