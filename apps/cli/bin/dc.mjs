#!/usr/bin/env node
// Runs under any Node from 20 on: starts itself again under the Node that the repository brings when this one is too old.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const CONFIGURATION = 3;
const own = fileURLToPath(import.meta.url);
const main = new URL('../bundle/main.js', import.meta.url);
const newer = fileURLToPath(new URL('../../../node_modules/node/bin/node', import.meta.url));
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 24 || (major === 24 && minor < 9)) {
  if (!existsSync(newer)) {
    console.error(`dc needs Node 24.9 or newer, this is ${process.versions.node}`);
    console.error('Run `npm ci` in the repository: it brings one along.');
    process.exit(CONFIGURATION);
  }
  const child = spawn(newer, [own, ...process.argv.slice(2)], { stdio: 'inherit' });
  // From a terminal the child gets these as well: this process only has to outlive it.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('error', (error) => {
    console.error(`dc cannot start ${newer}: ${error.message}`);
    process.exit(CONFIGURATION);
  });
  child.on('exit', (code, signal) => {
    process.exit(code ?? (signal === 'SIGINT' ? 130 : 143));
  });
} else if (!existsSync(main)) {
  console.error('dc is not built yet.');
  console.error('Run `npm run build` in the repository.');
  process.exit(CONFIGURATION);
} else {
  await import(main.href);
}
