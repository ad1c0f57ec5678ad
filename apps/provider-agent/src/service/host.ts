import { execFile } from 'node:child_process';
import { access, chown, mkdir, readFile, realpath, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { writeDurably } from '../journal/durable-file.ts';

const run = promisify(execFile);
const SYSTEMCTL_MS = 90_000;
const FIND_MS = 120_000;
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
  /** Without links. Undefined: there is no such file. */
  readonly realOf: (path: string) => Promise<string | undefined>;
  /** The first thing there, the path itself included, that the user does not own. Links are not followed. */
  readonly foreignIn: (path: string, uid: number) => Promise<string | undefined>;
  /** Whether the user may read, write, or enter, this one thing without capabilities. */
  readonly mayUse: (user: string, path: string, access: 'r' | 'w' | 'x') => Promise<boolean>;
  /** For this user alone. */
  readonly makeFolder: (path: string, uid: number) => Promise<void>;
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
  realOf: (path) => orMissing(realpath(path)),
  foreignIn: async (path, uid) => {
    // Machines hold whatever their tenants make: `find` minds neither depth nor number.
    const { stdout } = await run(
      'find',
      [path, '-ignore_readdir_race', '!', '-uid', `${uid}`, '-print', '-quit'],
      {
        timeout: FIND_MS,
      },
    );
    return stdout.replace(/\n$/, '') || undefined;
  },
  mayUse: async (user, path, access) => {
    const gid = (await run('id', ['-g', '--', user], { timeout: SYSTEMCTL_MS })).stdout.trim();
    const as = [
      `--reuid=${user}`,
      `--regid=${gid}`,
      '--init-groups',
      '--bounding-set=-all',
      '--inh-caps=-all',
    ];
    try {
      await run('setpriv', [...as, 'test', `-${access}`, path], { timeout: SYSTEMCTL_MS });
      return true;
    } catch (error) {
      if ((error as { code?: unknown }).code === 1) return false;
      throw error;
    }
  },
  makeFolder: async (path, uid) => {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await mkdir(path, { mode: 0o700 });
    await chown(path, uid, -1);
  },
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
