import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { readJsonFile, writeJsonFile } from './json-file.mjs';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '..');
const AT_ONCE = 2;
const TIMEOUT_MS = 120_000;

/**
 * Generates the Prisma client of every service whose schema has changed. Needs no database and no download.
 * @param {(line: string) => void} [log]
 * @returns {Promise<number>} how many were generated
 */
export async function generate(log = console.log) {
  const stampFile = join(ROOT, '.data/generate-stamps.json');
  /** @type {Record<string, string>} */
  const stamps = await readJsonFile(stampFile, {});
  const version = await readFile(join(ROOT, 'node_modules/prisma/package.json'), 'utf8');
  const work = [];
  for (const entry of await readdir(join(ROOT, 'prisma'), { withFileTypes: true }).catch(() => [])) {
    const schema = join(ROOT, 'prisma', entry.name, 'schema.prisma');
    if (!entry.isDirectory() || !existsSync(schema)) continue;
    const text = await readFile(schema, 'utf8');
    const output = /output\s*=\s*"([^"]+)"/.exec(text)?.[1];
    if (!output) throw new Error(`${schema} names no output: add one to its generator`);
    const stamp = createHash('sha256').update(version).update(text).digest('hex');
    if (stamps[entry.name] === stamp && existsSync(resolve(dirname(schema), output))) continue;
    work.push({ name: entry.name, schema, stamp });
  }
  const queue = work.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const { name, schema, stamp } of queue) {
        await generateOne(name, schema);
        stamps[name] = stamp;
        log(`generated the Prisma client of ${name}`);
      }
    }),
  );
  await mkdir(dirname(stampFile), { recursive: true });
  await writeJsonFile(stampFile, stamps);
  return work.length;
}

/** @param {string} name @param {string} schema */
async function generateOne(name, schema) {
  const env = {
    ...process.env,
    // Generating does not use the native engine; without this Prisma tries to download it.
    PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true',
    DATABASE_URL: process.env.DATABASE_URL ?? 'postgresql://unused:unused@127.0.0.1:1/unused',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    CHECKPOINT_DISABLE: '1',
  };
  const program = join(ROOT, 'node_modules/prisma/build/index.js');
  try {
    await run(process.execPath, [program, 'generate', '--schema', schema], {
      cwd: ROOT,
      env,
      timeout: TIMEOUT_MS,
    });
  } catch (error) {
    const { stdout = '', stderr = '' } = /** @type {any} */ (error);
    throw new Error(`prisma generate failed for ${name}:\n${stdout}${stderr}`, { cause: error });
  }
}

if (process.argv[1] && resolve(process.argv[1]) === import.meta.filename) await generate();
