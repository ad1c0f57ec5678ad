import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { json } from 'node:stream/consumers';
import { NODE } from '../install/install.mjs';
import { readJsonFile, writeJsonFile } from '../json-file.mjs';
import { bundledPrograms } from './programs.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const STAMPS = join(ROOT, '.data/bundle-stamps.json');

/** @typedef {import('./programs.mjs').Program} Program */
/** @typedef {{ stamp: string, inputs: string[] }} Known of the last time: which of our own files are in it */

/**
 * Makes one file of every program of which something has changed.
 * @param {Readonly<Record<string, string>>} stamps of every compiled file, by its path from the root
 * @param {(program: Program) => boolean} isWanted
 * @returns {Promise<{ bundled: number, programs: number, errors: string[] }>}
 */
export async function buildBundles(stamps, isWanted) {
  const programs = await bundledPrograms(ROOT);
  const salt = await saltOf();
  /** @type {Record<string, Known>} */
  const known = await readJsonFile(STAMPS, {});
  const stale = programs.filter(
    (program) =>
      isWanted(program) &&
      (!existsSync(program.target) ||
        known[program.name]?.stamp !== stampOf(program, known[program.name]?.inputs ?? [], stamps, salt)),
  );
  await removeOthers(programs);
  /** @type {string[]} */
  const errors = [];
  for (const { name, inputs, error } of stale.length > 0 ? await run(stale) : []) {
    const program = programs.find((candidate) => candidate.name === name);
    if (error !== undefined) errors.push(`${name} cannot be bundled: ${error}`);
    if (program && inputs) known[name] = { stamp: stampOf(program, inputs, stamps, salt), inputs };
    else delete known[name];
  }
  if (stale.length > 0) await writeJsonFile(STAMPS, known);
  return { bundled: stale.length - errors.length, programs: programs.length, errors };
}

/** @param {Program} program @param {string[]} inputs @param {Readonly<Record<string, string>>} stamps @param {string} salt */
export function stampOf({ entry, modules }, inputs, stamps, salt) {
  const hash = createHash('sha256').update(JSON.stringify([salt, entry, modules]));
  for (const input of inputs) hash.update(`${input} ${stamps[input]}\n`);
  return hash.digest('hex').slice(0, 32);
}

/** What others than our own files decide: packages, the bundler, how we use it. */
async function saltOf() {
  const hash = createHash('sha256').update(await readFile(join(ROOT, 'package-lock.json')));
  for (const file of (await readdir(import.meta.dirname))
    .filter((name) => /(?<!\.spec)\.mjs$/.test(name))
    .sort())
    hash.update(await readFile(join(import.meta.dirname, file)));
  return hash.digest('hex');
}

/** @param {readonly Program[]} programs @returns {Promise<{ name: string, inputs?: string[], error?: string }[]>} */
async function run(programs) {
  const node = existsSync(NODE) ? NODE : process.execPath;
  const child = spawn(node, [join(import.meta.dirname, 'run.mjs')], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise((done, fail) => child.once('error', fail).once('exit', done));
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify(programs));
  const results = await json(child.stdout).catch(() => undefined);
  const code = await ended;
  if (code !== 0 || !Array.isArray(results)) throw new Error(`the bundler ended with ${code}; see above`);
  return results;
}

/** Bundles of programs that are gone. @param {readonly Program[]} programs */
async function removeOthers(programs) {
  const wanted = new Set(programs.flatMap(({ target }) => [target, `${target}.map`]));
  for (const app of await readdir(join(ROOT, 'apps'))) {
    const folder = join(ROOT, 'apps', app, 'bundle');
    if (!existsSync(folder)) continue;
    for (const name of await readdir(folder)) {
      if (/\.js(\.map)?$/.test(name) && !wanted.has(join(folder, name))) await rm(join(folder, name));
    }
  }
}
