import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Advice } from '../install/install.mjs';
import { commandOf } from './command-of.mjs';

const run = promisify(execFile);
const STOP_DEADLINE_MS = 20_000;

/**
 * Makes an empty cluster, whole or not at all.
 * @param {string} initdb @param {string} folder @param {string} password
 * @param {{ uid: number, gid: number } | undefined} owner @param {Awaited<ReturnType<typeof import('./postgres-user.mjs').runAs>>} as
 */
export async function initCluster(initdb, folder, password, owner, as) {
  if ((await readdir(folder)).length > 0) {
    throw new Advice(
      `${folder} holds something that is not a whole PostgreSQL cluster.\nMove it away, or choose another folder with DC_DATA_DIR.`,
    );
  }
  // Made beside and moved: an interrupted initdb leaves a folder that looks whole and is not.
  const fresh = `${folder}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o700 });
  const passwordFile = join(tmpdir(), `dc-pg-${randomBytes(8).toString('hex')}`);
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  try {
    if (owner) {
      await chown(passwordFile, owner.uid, owner.gid);
      await chown(fresh, owner.uid, owner.gid);
    }
    const [program = '', ...args] = [...as.prefix, initdb];
    await run(
      program,
      [
        ...args,
        `--pgdata=${fresh}`,
        '--auth=scram-sha-256',
        '--username=postgres',
        `--pwfile=${passwordFile}`,
        '--encoding=UTF8',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--locale=C',
        '--no-instructions',
      ],
      { ...as.options, cwd: '/', timeout: 120_000 },
    );
    await rmdir(folder);
    await rename(fresh, folder);
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true });
    throw new Error(
      `A PostgreSQL cluster could not be made in ${folder}: ${String(/** @type {any} */ (cause).stderr ?? cause).trim()}`,
      {
        cause,
      },
    );
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/**
 * A pid file from a server that was killed: removed when its process is gone or somebody else's, ended when it is ours.
 * @param {string} folder @param {(line: string) => void} log
 */
export async function endStaleServer(folder, log) {
  const file = join(folder, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number((await readFile(file, 'utf8')).split('\n')[0]);
  const command = await commandOf(pid);
  if (command?.includes('postgres') && command.includes(folder)) {
    log(`A PostgreSQL of an earlier run still uses ${folder} (process ${pid}): ending it.`);
    process.kill(pid, 'SIGINT');
    const until = Date.now() + STOP_DEADLINE_MS;
    while ((await commandOf(pid)) !== undefined) {
      if (Date.now() > until)
        throw new Error(`PostgreSQL (process ${pid}) does not end. End it and start again.`);
      await sleep(50);
    }
  }
  await rm(file, { force: true });
}
