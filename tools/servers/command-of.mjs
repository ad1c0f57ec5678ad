import { execFile } from 'node:child_process';
import { access, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** @param {number} pid @returns {Promise<string | undefined>} the command line of a live process */
export async function commandOf(pid) {
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  try {
    const { stdout } = await run('ps', ['-o', 'stat=,args=', '-ww', '-p', String(pid)]);
    return /^\s*Z/.test(stdout) ? undefined : stdout.trim() || undefined;
  } catch (error) {
    if (/** @type {any} */ (error).code === 'ENOENT') {
      const file = `/proc/${pid}/cmdline`;
      const readable = await access(file).then(
        () => true,
        () => false,
      );
      return readable ? (await readFile(file, 'utf8')).replaceAll('\0', ' ').trim() || undefined : undefined;
    }
    return undefined;
  }
}
