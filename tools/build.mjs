import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { buildBundles } from './bundles/build-bundles.mjs';
import { readJsonFile, writeJsonFile } from './json-file.mjs';

const ROOT = resolve(import.meta.dirname, '..');
const ERRORS_SHOWN = 20;
/** Runs its sources, since it imports sources of others. */
const NEVER_BUILT = ['simulator'];

/** @typedef {{ compiled: number, removed: number, total: number, bundled: number, programs: number, errors: string[] }} BuildResult */

/**
 * Compiles `src` of every app and library into its `dist`: changed files only, specs not at all. Types are not checked.
 * Then makes one file of every program that they change.
 * @param {{ bundles?: (program: import('./bundles/programs.mjs').Program) => boolean }} [options] `bundles`: which of them
 * @returns {Promise<BuildResult>}
 */
export async function build({ bundles = () => true } = {}) {
  const options = JSON.parse(await readFile(join(ROOT, '.swcrc'), 'utf8'));
  delete options.$schema;
  const stampFile = join(ROOT, '.data/build-stamps.json');
  const salt = createHash('sha256')
    .update(JSON.stringify(options))
    .update(await compilerVersion())
    .digest('hex');
  /** @type {Record<string, string>} */
  const known = await readJsonFile(stampFile, {});
  /** @type {Record<string, string>} */
  const stamps = {};
  /** @type {BuildResult} */
  const result = { compiled: 0, removed: 0, total: 0, bundled: 0, programs: 0, errors: [] };
  /** Of what is in `dist`. @type {Record<string, string>} */
  const built = {};
  const sources = [];
  for (const project of await projectFolders()) {
    const files = await sourcesOf(join(project, 'src'));
    sources.push(...files.map((file) => ({ project, file })));
    result.removed += await removeOrphans(project, files);
  }
  result.total = sources.length;
  const queue = sources.values();
  await Promise.all(
    Array.from({ length: 2 * availableParallelism() }, async () => {
      for (const { project, file } of queue) {
        const text = await readFile(file, 'utf8');
        const name = relative(ROOT, file);
        const target = outputOf(project, file);
        const stamp = createHash('sha256').update(salt).update(text).digest('hex').slice(0, 32);
        built[relative(ROOT, target)] = stamp;
        if (known[name] === stamp && existsSync(target)) {
          stamps[name] = stamp;
          continue;
        }
        try {
          await compile(options, text, file, target);
          stamps[name] = stamp;
          result.compiled++;
        } catch (error) {
          result.errors.push(`${name}: ${/** @type {Error} */ (error).message.trim()}`);
        }
      }
    }),
  );
  await mkdir(dirname(stampFile), { recursive: true });
  await writeJsonFile(stampFile, stamps);
  if (result.errors.length === 0) {
    const { bundled, programs, errors } = await buildBundles(built, bundles);
    Object.assign(result, { bundled, programs });
    result.errors.push(...errors);
  }
  return result;
}

/** @param {any} options @param {string} text @param {string} file @param {string} target */
async function compile(options, text, file, target) {
  // 40 MB that a start which compiles nothing does without.
  const { transform } = await import('@swc/core');
  await mkdir(dirname(target), { recursive: true });
  if (!/\.m?ts$/.test(file)) {
    await writeFile(target, await readFile(file));
    return;
  }
  const { code, map } = await transform(text, {
    ...options,
    swcrc: false,
    configFile: false,
    filename: file,
    sourceFileName: relative(dirname(target), file),
  });
  const name = target.slice(dirname(target).length + 1);
  await writeFile(target, map ? `${code}\n//# sourceMappingURL=${name}.map\n` : code);
  if (map) await writeFile(`${target}.map`, map);
}

async function compilerVersion() {
  return readFile(join(ROOT, 'node_modules/@swc/core/package.json'), 'utf8');
}

/** @returns {Promise<string[]>} */
export async function projectFolders() {
  const folders = [];
  for (const kind of ['libs', 'apps']) {
    for (const entry of await readdir(join(ROOT, kind), { withFileTypes: true }).catch(() => [])) {
      const folder = join(ROOT, kind, entry.name);
      const isBuilt = entry.isDirectory() && !NEVER_BUILT.includes(entry.name);
      if (isBuilt && existsSync(join(folder, 'src'))) folders.push(folder);
    }
  }
  return folders;
}

/** @param {string} folder @returns {Promise<string[]>} */
async function sourcesOf(folder) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && !/\.spec\.ts$|\.d\.ts$|\.tsx$|\.map$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes('/node_modules/'))
    .sort();
}

/** @param {string} project @param {string} file */
function outputOf(project, file) {
  return join(project, 'dist', relative(join(project, 'src'), file).replace(/\.(m?)ts$/, '.$1js'));
}

/** What is in dist without a source would still be found by whoever lists the folder. @param {string} project @param {string[]} files */
async function removeOrphans(project, files) {
  const dist = join(project, 'dist');
  if (!existsSync(dist) || existsSync(join(project, 'vite.config.ts'))) return 0;
  const wanted = new Set(
    files.flatMap((file) => [outputOf(project, file), `${outputOf(project, file)}.map`]),
  );
  let removed = 0;
  for (const entry of await readdir(dist, { withFileTypes: true, recursive: true })) {
    const file = join(entry.parentPath, entry.name);
    if (!entry.isFile() || wanted.has(file)) continue;
    await rm(file);
    removed++;
  }
  return removed;
}

if (process.argv[1] && resolve(process.argv[1]) === import.meta.filename) {
  const started = performance.now();
  const { compiled, total, bundled, programs, errors } = await build();
  for (const error of errors.slice(0, ERRORS_SHOWN)) console.error(error);
  console.log(
    `build: ${compiled} of ${total} files compiled, ${bundled} of ${programs} programs bundled, ${errors.length} errors (${Math.round(performance.now() - started)} ms)`,
  );
  if (errors.length > 0) process.exitCode = 1;
}
