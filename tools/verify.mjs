import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureInstalled, NODE, ROOT, withAdvice } from './install/install.mjs';

/** `npm run verify`: format, lint, generated files, boundaries, types and (unless `--no-unit`) unit specs; no server needed. */
const bin = (/** @type {string} */ path) => join(ROOT, 'node_modules', path);
const steps = [
  { name: 'format and lint', args: [bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings'] },
  { name: 'compatibility page', args: [join(ROOT, 'tools/compatibility-page.mjs'), '--check'] },
  { name: 'files of services', args: [join(ROOT, 'tools/service-files.mjs'), '--check'] },
  { name: 'boundaries', args: [join(ROOT, 'tools/boundaries.mjs')] },
  { name: 'types', args: [bin('typescript/bin/tsc'), '-p', 'tsconfig.json'] },
  ...(process.argv.includes('--no-unit')
    ? []
    : [{ name: 'unit specs', args: [join(ROOT, 'tools/test.mjs'), '--unit', '--silent'] }]),
];

await withAdvice(async () => {
  await ensureInstalled((line) => console.log(line));
  await run([join(ROOT, 'tools/generate.mjs')]);
  const failed = [];
  for (const { name, args } of steps) {
    const started = performance.now();
    const { code, text } = await run(args);
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
    if (code !== 0) {
      console.error(text);
      failed.push(name);
    }
  }
  console.log(failed.length === 0 ? 'verified' : `not verified: ${failed.join(', ')}`);
  process.exit(failed.length === 0 ? 0 : 1);
});

/** @param {string[]} args @returns {Promise<{ code: number, text: string }>} */
function run(args) {
  return new Promise((done, fail) => {
    const child = spawn(NODE, args, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_NO_WARNINGS: '1' },
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
    }
    child.once('error', fail);
    child.once('close', (code) => done({ code: code ?? 1, text }));
  });
}
