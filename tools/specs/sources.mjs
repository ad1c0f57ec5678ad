import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync, version } from '@swc/core';

const ROOT = resolve(import.meta.dirname, '../..');
/** One entry for each source file, written over when the file changes. */
const CACHE = join(ROOT, 'node_modules/.cache/spec-sources');
const END = '\n//# of ';

// The build's own compiler options, but imports keep their .ts endings: specs run the sources.
const options = JSON.parse(readFileSync(join(ROOT, '.swcrc'), 'utf8'));
delete options.$schema;
delete options.jsc.rewriteRelativeImportExtensions;
const optionsKey = JSON.stringify([version, process.version, options]);

/** Where the source map of each module that was loaded is kept, for stack traces. @type {Map<string, string>} */
export const sourceMaps = new Map();

let registered = false;

/** From now on this process loads our TypeScript sources, and `@jest/globals`. */
export function loadSources() {
  if (registered) return;
  registered = true;
  mkdirSync(CACHE, { recursive: true });
  const globals = new URL('globals.mjs', import.meta.url).href;
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === '@jest/globals' ? { url: globals, shortCircuit: true } : next(specifier, context),
    load: (url, context, next) =>
      url.startsWith('file:') && url.endsWith('.ts')
        ? { format: 'module', source: compiled(url), shortCircuit: true }
        : next(url, context),
  });
}

/** @param {string} url */
function compiled(url) {
  const file = fileURLToPath(url);
  const source = readFileSync(file, 'utf8');
  const key = createHash('sha256').update(optionsKey).update('\0').update(source).digest('hex');
  const entry = join(CACHE, createHash('sha256').update(file).digest('hex').slice(0, 32));
  sourceMaps.set(url, `${entry}.map`);
  const kept = textOf(`${entry}.js`);
  if (kept?.endsWith(END + key)) return kept;
  const { code, map } = transformSync(source, { ...options, filename: file, swcrc: false, sourceMaps: true });
  const text = code + END + key;
  write(`${entry}.map`, map ?? '');
  write(`${entry}.js`, text);
  return text;
}

/** @param {string} file */
function textOf(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all: another worker may write the same. @param {string} file @param {string} text */
function write(file, text) {
  const unfinished = `${file}.${randomUUID()}`;
  writeFileSync(unfinished, text);
  renameSync(unfinished, file);
}
