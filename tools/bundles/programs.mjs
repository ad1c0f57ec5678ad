import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';

/** Measured and tested from their files: their programs are never shipped. */
const NEVER_BUNDLED = ['bench', 'e2e', 'simulator'];

/**
 * @typedef {object} Program
 * @property {string} name as people read it: `apps/payments/bundle/main.js`
 * @property {string} entry the compiled program
 * @property {string} target the one file that it becomes
 * @property {string[]} modules what `discover` would find in the folder of the service; empty when it is none
 */

/**
 * Every program that is built into one file: `src/main.ts` of an app becomes `bundle/main.js`, `src/<name>/main.ts` becomes
 * `bundle/<name>.js`.
 * @param {string} root folder with apps/, compiled @returns {Promise<Program[]>}
 */
export async function bundledPrograms(root) {
  const programs = [];
  for (const app of (await readdir(join(root, 'apps'))).sort()) {
    const dist = join(root, 'apps', app, 'dist');
    if (NEVER_BUNDLED.includes(app) || !existsSync(dist)) continue;
    for (const entry of await mainsIn(dist)) {
      const folder = dirname(entry);
      const isService = folder === dist && existsSync(join(dist, 'service.js'));
      const target = join(dist, '../bundle', `${folder === dist ? 'main' : basename(folder)}.js`);
      programs.push({
        name: relative(root, target),
        entry,
        target,
        modules: isService ? await modulesOf(dist) : [],
      });
    }
  }
  return programs;
}

/** @param {string} dist */
async function mainsIn(dist) {
  const entries = await readdir(dist, { recursive: true });
  return entries
    .filter((path) => basename(path) === 'main.js')
    .map((path) => join(dist, path))
    .sort();
}

/** By the rule of the service itself. @param {string} dist @returns {Promise<string[]>} */
async function modulesOf(dist) {
  const { serviceFiles } = await import('@decent-cloud/runtime/service-files');
  const files = await serviceFiles(dist);
  if (files.length === 0) throw new Error(`${dist} is a service without a single file`);
  return files;
}
