import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';

/**
 * What a file of ours says, or the fallback when it is missing or was cut short (full disk, power). Only for what can be
 * made again.
 * @template T @param {string} file @param {T} fallback @returns {Promise<T>}
 */
export async function readJsonFile(file, fallback) {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError || /** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT')
      return fallback;
    throw error;
  }
}

/** Whole or not at all. @param {string} file @param {unknown} value @param {number} [mode] */
export async function writeJsonFile(file, value, mode = 0o644) {
  const fresh = `${file}.${randomBytes(4).toString('hex')}`;
  try {
    await writeFile(fresh, `${JSON.stringify(value, null, 2)}\n`, { mode });
    await rename(fresh, file);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}
