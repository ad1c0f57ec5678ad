#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED = [24, 9];
const program = fileURLToPath(new URL('../bundle/main.js', import.meta.url));

function isNewEnough() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

/** The Node that npm brought along, in this folder or one above it. */
function bundledNode() {
  for (let folder = dirname(program); ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules/node/bin/node');
    if (existsSync(candidate)) return candidate;
    if (resolve(folder, '..') === folder) return undefined;
  }
}

function fail(text) {
  process.stderr.write(`dc-agent: ${text}\n`);
  process.exit(1);
}

if (!existsSync(program)) fail('it is not built yet: run `npm run build` first');
if (isNewEnough()) {
  await import(program);
} else {
  const node = bundledNode();
  if (!node) fail(`Node ${NEEDED.join('.')} or newer is needed; this is ${process.versions.node}`);
  const child = spawn(node, [program, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exit(code ?? 1);
  });
}
