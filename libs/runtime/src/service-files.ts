import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

const SKIPPED = /(\.spec|\.d)\.[jt]s$|^main\.[jt]s$/;
const SKIPPED_FOLDERS = ['generated', 'test'];

/**
 * The files of a service's folder that may bring a verb, a reaction, a sweep or a store. The service itself asks when it
 * runs from its files, the build when it makes one file of them.
 */
export async function serviceFiles(directory: string): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      if (!SKIPPED_FOLDERS.includes(entry.name)) files.push(...(await serviceFiles(path)));
    } else if (/\.[jt]s$/.test(entry.name) && !SKIPPED.test(entry.name)) files.push(path);
  }
  return files.sort();
}
