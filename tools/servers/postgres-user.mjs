import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { Advice } from '../install/install.mjs';

const run = promisify(execFile);

/**
 * PostgreSQL refuses to run as root: then it runs as the user `postgres`, who is made when missing.
 * @returns {Promise<{ uid: number, gid: number } | undefined>}
 */
export async function serverUser() {
  if (process.getuid?.() !== 0) return undefined;
  const ids = async () => {
    const [uid, gid] = await Promise.all([run('id', ['-u', 'postgres']), run('id', ['-g', 'postgres'])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  };
  try {
    return await ids();
  } catch {
    await run('useradd', [
      '--system',
      '--user-group',
      '--no-create-home',
      '--shell',
      '/usr/sbin/nologin',
      'postgres',
    ]);
    return ids();
  }
}

/**
 * How to run a program as this user. Where he may not enter a folder on the way (a clone in a private folder of root's),
 * he gets the capability to pass through it, and no other.
 * @param {{ uid: number, gid: number } | undefined} owner
 * @param {readonly string[]} needed paths that he has to reach
 * @returns {Promise<{ prefix: string[], options: { uid?: number, gid?: number } }>}
 */
export async function runAs(owner, needed) {
  if (!owner) return { prefix: [], options: {} };
  const closed = await closedFolder(needed, owner);
  if (closed === undefined) return { prefix: [], options: owner };
  const ids = ['--reuid', String(owner.uid), '--regid', String(owner.gid), '--clear-groups'];
  // The secure bit lets access(2), with which PostgreSQL looks for its programs, honour the capability too.
  const caps = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--securebits=+no_setuid_fixup'];
  const prefix = ['setpriv', ...ids, ...caps, '--'];
  const [program = '', ...args] = [...prefix, 'test', '-x', closed];
  try {
    await run(program, args, { cwd: '/', timeout: 10_000 });
  } catch (cause) {
    throw new Advice(
      `As root, PostgreSQL runs as the user "postgres", who may not enter ${closed}.\n` +
        `Use a clone that everybody may enter (for example under /opt or /srv), or \`chmod o+x ${closed}\`, or run as an ordinary user.`,
      { cause },
    );
  }
  return { prefix, options: {} };
}

/** The first folder on the way to one of these paths that the user may not enter. @param {readonly string[]} needed @param {{ uid: number, gid: number }} owner */
async function closedFolder(needed, owner) {
  for (const wanted of needed) {
    for (let path = dirname(wanted); path !== '/'; path = dirname(path)) {
      const { mode, uid } = await stat(path);
      if ((mode & 0o001) === 0 && uid !== owner.uid) return path;
    }
  }
  return undefined;
}
