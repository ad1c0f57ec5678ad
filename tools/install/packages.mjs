import { spawn } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Advice } from './advice.mjs';

// Runs on Node 20 with nothing installed: only the platform's own modules here.

const ARGUMENTS = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
const GRACE_MS = 5_000;
const POLL_MS = 100;
const SAY_EVERY_MS = 15_000;
/** Longer than the slowest install that somebody would wait for. */
const OTHERS_DEADLINE_MS = 15 * 60_000;
/** What shells call the end by each signal. */
const SIGNALS = /** @type {const} */ ({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 });

/**
 * Packages that the lock file asks for and that are not there, or in another version. Those for other systems, and others
 * that may be missing, are not counted.
 * @param {string} root @returns {string[]} their folders
 */
export function missingPackages(root) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .filter(([path, { optional }]) => path.includes('node_modules/') && !optional)
    .filter(([path, { version, link }]) => {
      const found = versionOf(join(root, path));
      return found === undefined || (!link && found !== version);
    })
    .map(([path]) => path);
}

/** @param {string} folder */
function versionOf(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
  } catch (error) {
    const isMissing = error instanceof SyntaxError || /^ENO(ENT|TDIR)$/.test(/** @type {any} */ (error).code);
    if (!isMissing) throw error;
  }
}

/** True while another start installs here, or one that was killed left npm running. @param {string} root */
export const isInstalling = (root) => existsSync(markerOf(root));

/** @param {string} root */
const markerOf = (root) => join(root, '.data', 'installing.json');

/**
 * Installs what the lock file says, as the only one: who is ended while it runs ends it first, and what a killed one left
 * running is ended before it begins.
 * @param {{ root: string, log: (line: string) => void, isDone: () => boolean, npm?: string }} options `isDone`: asked when
 *   another one may have installed meanwhile
 * @returns {Promise<void>} ends this process when it is interrupted
 */
export async function installPackages({ root, log, isDone, npm = 'npm' }) {
  const marker = markerOf(root);
  mkdirSync(join(root, '.data'), { recursive: true });
  await take(marker, log);
  try {
    if (isDone()) return;
    log('Installing packages (once; about a minute) ...');
    await run({ root, log, npm, marker });
  } finally {
    rmSync(marker, { force: true });
  }
}

/** @param {string} marker @param {(line: string) => void} log */
async function take(marker, log) {
  const until = Date.now() + OTHERS_DEADLINE_MS;
  let isSaid = false;
  for (;;) {
    if (create(marker)) return;
    const found = readMarker(marker);
    if (!found) continue;
    const { starter = 0, npm = 0 } = found;
    if (!isAlive(starter)) {
      if (npm > 1 && isAlive(-npm)) {
        log('An interrupted start left npm running: ending it');
        await endGroup(npm);
      }
      rmSync(marker, { force: true });
      continue;
    }
    if (!isSaid) log(`Another start (process ${starter}) installs the packages: waiting for it`);
    isSaid = true;
    if (Date.now() > until) {
      throw new Advice(
        `Process ${starter} still installs packages here. End it (kill ${starter}) and run again.`,
      );
    }
    await sleep(POLL_MS);
  }
}

/** Whole at once; false when it is there. @param {string} marker */
function create(marker) {
  const own = `${marker}.${process.pid}`;
  writeFileSync(own, JSON.stringify({ starter: process.pid }));
  try {
    linkSync(own, marker);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
}

/** @param {string} marker @returns {{ starter?: number, npm?: number } | undefined} nothing when it is gone */
function readMarker(marker) {
  try {
    return JSON.parse(readFileSync(marker, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** @param {{ root: string, log: (line: string) => void, npm: string, marker: string }} options */
async function run({ root, log, npm, marker }) {
  const started = Date.now();
  // A group of its own: Ctrl-C in the terminal comes to this process only, which ends all of it in order.
  const child = spawn(npm, ARGUMENTS, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], detached: true });
  const group = child.pid ?? 0;
  const telling = setInterval(
    () => log(`  ... still installing (${Math.round((Date.now() - started) / 1_000)} s)`),
    SAY_EVERY_MS,
  );
  /** @type {keyof typeof SIGNALS | undefined} */
  let interrupted;
  const ends = Object.keys(SIGNALS).map((name) => {
    const signal = /** @type {keyof typeof SIGNALS} */ (name);
    const end = () => {
      if (interrupted) return;
      interrupted = signal;
      log('Interrupted: ending npm ...');
      if (group > 1) void endGroup(group);
    };
    process.on(signal, end);
    return { signal, end };
  });
  try {
    if (group > 1) {
      writeFileSync(`${marker}.new`, JSON.stringify({ starter: process.pid, npm: group }));
      renameSync(`${marker}.new`, marker);
    }
    const code = await new Promise((done, fail) => {
      child.once('error', (error) =>
        fail(new Advice(`npm cannot be run (${error.message}). It comes with Node: https://nodejs.org`)),
      );
      child.once('exit', done);
    });
    if (interrupted) {
      await endGroup(group);
      rmSync(marker, { force: true });
      log('Interrupted: the packages are not installed. The next start begins anew.');
      process.exit(SIGNALS[interrupted]);
    }
    if (code !== 0) {
      throw new Advice(
        `npm ${ARGUMENTS.join(' ')} failed (see above). Check network and disk space, then run again.`,
      );
    }
  } finally {
    clearInterval(telling);
    for (const { signal, end } of ends) process.off(signal, end);
  }
}

/** All of a group: npm starts programs that outlive it. @param {number} group */
async function endGroup(group) {
  const until = Date.now() + GRACE_MS;
  signalGroup(group, 'SIGTERM');
  while (isAlive(-group) && Date.now() < until) await sleep(POLL_MS);
  signalGroup(group, 'SIGKILL');
}

/** @param {number} group @param {NodeJS.Signals} name */
function signalGroup(group, name) {
  try {
    process.kill(-group, name);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

/** @param {number} pid of a process, or of a group with a minus before it */
function isAlive(pid) {
  if (pid === 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
