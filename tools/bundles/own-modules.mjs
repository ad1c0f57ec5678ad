import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';

/**
 * Our own compiled files as they go into a bundle: with their source maps, and seeing themselves where they were, so that
 * what lies beside them (migrations, programs of other apps, native packages) is found from the bundle too.
 * @param {string} file @param {string} target the bundle
 */
export async function ownModule(file, target) {
  const code = await readFile(file, 'utf8');
  const map = `${file}.map`;
  return {
    code: asSeenFrom(code, file, target),
    map: existsSync(map) ? await readFile(map, 'utf8') : null,
  };
}

/**
 * @param {string} code @param {string} file @param {string} target
 * @throws Error for what would mean something else in a bundle
 */
export function asSeenFrom(code, file, target) {
  const wrong = /\bimport\.meta\.(main|filename|resolve)\b/.exec(code)?.[0];
  if (wrong) throw new Error(`${file} uses ${wrong}, which would be that of the bundle: do without it`);
  const from = relative(dirname(target), file);
  const folder = relative(dirname(target), dirname(file));
  return code
    .replaceAll(/\bimport\.meta\.url\b/g, () => `new URL(${JSON.stringify(from)}, import.meta.url).href`)
    .replaceAll(
      /\bimport\.meta\.dirname\b/g,
      () => `(import.meta.dirname + ${JSON.stringify(`/${folder}`)})`,
    );
}
