import { execFile } from 'node:child_process';
import { access, readFile, stat, unlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { writeDurably } from '../journal/durable-file.ts';

const run = promisify(execFile);
const SYSTEMCTL_MS = 90_000;
const UNIT_FOLDER = '/etc/systemd/system';
const INSTALLED_PROGRAM = '/usr/local/bin/dc-agent';

/** What installing a service needs of the host. */
export interface ServiceHost {
  readonly unitFolder: string;
  readonly uid: number | undefined;
  readonly program: () => Promise<readonly string[]>;
  readonly hasSystemd: () => Promise<boolean>;
  readonly systemctl: (...args: string[]) => Promise<void>;
  /** Undefined: there is no such user. */
  readonly uidOf: (user: string) => Promise<number | undefined>;
  /** Undefined: there is no such file. */
  readonly ownerOf: (path: string) => Promise<number | undefined>;
  readonly read: (path: string) => Promise<string | undefined>;
  readonly write: (path: string, text: string) => Promise<void>;
  readonly remove: (path: string) => Promise<void>;
}

export const thisHost: ServiceHost = {
  unitFolder: UNIT_FOLDER,
  uid: process.getuid?.(),
  program: async () =>
    (await isThere(INSTALLED_PROGRAM)) ? [INSTALLED_PROGRAM] : [process.execPath, process.argv[1] as string],
  // The way of sd_booted(3).
  hasSystemd: () => isThere('/run/systemd/system'),
  systemctl: async (...args) => {
    await run('systemctl', args, { timeout: SYSTEMCTL_MS });
  },
  uidOf: async (user) => {
    try {
      return Number((await run('id', ['-u', '--', user], { timeout: SYSTEMCTL_MS })).stdout.trim());
    } catch (error) {
      // `id` says by 1 that it does not know the name.
      if ((error as { code?: unknown }).code === 1) return undefined;
      throw error;
    }
  },
  ownerOf: async (path) => orMissing(stat(path).then(({ uid }) => uid)),
  read: (path) => orMissing(readFile(path, 'utf8')),
  write: (path, text) => writeDurably(path, text, 0o644),
  remove: unlink,
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function orMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
