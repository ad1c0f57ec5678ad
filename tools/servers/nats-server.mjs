import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Advice } from '../install/install.mjs';

const run = promisify(execFile);

/** Per-message TTLs, several filters per consumer and auth callout exist from here on. */
export const OLDEST_NATS_SERVER = [2, 11, 0];
const ANSWER_TIMEOUT_MS = 10_000;
const DOWNLOAD_TIMEOUT_MS = 120_000;
const APT_TIMEOUT_MS = 120_000;

const RELEASE_VERSION = '2.15.0';

/** Official releases with the SHA-256 of their archive, as in the release's SHA256SUMS. Another sum is refused. */
const RELEASES = {
  'linux-x64': release('linux-amd64', '5d2c51caca950333aba84911df7d377f826f3a59ec36061c6539105084f65c92'),
  'linux-arm64': release('linux-arm64', 'cdc208f5a3f42963a52b6ab06ef65626bb870315dc936e26ba571780c6351112'),
  'darwin-x64': release('darwin-amd64', '5bd8b59ca5bf93fab3da2c5843cf564cd6e2e291e22ae3b861746e7ebe259b95'),
  'darwin-arm64': release('darwin-arm64', 'e1c4e22d70bd44abfa0bcb3c16f7cf0c66f648c2e728c58924e8a1ce88913cc8'),
};

/** @param {string} platform @param {string} sha256 */
function release(platform, sha256) {
  const folder = `nats-server-v${RELEASE_VERSION}-${platform}`;
  return {
    folder,
    sha256,
    url: `https://github.com/nats-io/nats-server/releases/download/v${RELEASE_VERSION}/${folder}.tar.gz`,
  };
}

/**
 * Finds a nats-server that is new enough, or gets one into `<dataDir>/bin`.
 * Order: NATS_SERVER_BIN, PATH, `<dataDir>/bin`, the pinned official release, Debian's signed archive.
 * @param {{ dataDir?: string, log?: (line: string) => void }} [options]
 * @returns {Promise<string>} absolute path of the program
 * @throws Error that says what was tried and what to do
 */
export async function ensureNatsServer({ dataDir = '.data', log = () => undefined } = {}) {
  const tried = [];
  const wanted = process.env.NATS_SERVER_BIN;
  if (wanted) {
    const fault = await whyUnusable(wanted);
    if (fault) throw new Advice(`NATS_SERVER_BIN is set to ${wanted}, but ${fault}. Correct or unset it.`);
    return resolve(wanted);
  }
  const kept = resolve(dataDir, 'bin', 'nats-server');
  for (const candidate of [...onPath('nats-server'), kept]) {
    if (!existsSync(candidate)) continue;
    const fault = await whyUnusable(candidate);
    if (!fault) return candidate;
    tried.push(`${candidate}: ${fault}`);
  }
  await mkdir(resolve(dataDir, 'bin'), { recursive: true });
  for (const [name, get] of /** @type {const} */ ([
    ['the official release', downloadRelease],
    ['the Debian archive', downloadFromDebian],
  ])) {
    const work = resolve(dataDir, 'bin', `.get-${randomUUID()}`);
    await mkdir(work, { recursive: true });
    try {
      log(`Getting nats-server from ${name} ...`);
      const program = await get(work);
      const fault = await whyUnusable(program);
      if (fault) throw new Error(fault);
      const fresh = `${kept}.${randomUUID()}`;
      await copyFile(program, fresh);
      await chmod(fresh, 0o755);
      await rename(fresh, kept);
      log(`nats-server ${(await versionOf(kept)).join('.')} is in ${kept}`);
      return kept;
    } catch (error) {
      tried.push(`${name}: ${firstLine(error)}`);
      log(`  not available: ${firstLine(error)}`);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  throw new Advice(
    `No nats-server ${OLDEST_NATS_SERVER.join('.')} or newer was found.\n${tried.map((line) => `  - ${line}`).join('\n')}\n` +
      'Install one (https://nats.io/download, `brew install nats-server`) and run again, ' +
      `or set NATS_SERVER_BIN to the program, or put it at ${kept}.`,
  );
}

/** @param {string} program */
function onPath(program) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => resolve(folder, program));
}

/** @param {string} program @returns {Promise<number[]>} */
async function versionOf(program) {
  const { stdout } = await run(program, ['--version'], { timeout: 5_000 });
  const match = /v?(\d+)\.(\d+)\.(\d+)/.exec(stdout);
  if (!match) throw new Error(`it does not tell its version: ${stdout.trim()}`);
  return match.slice(1, 4).map(Number);
}

/** @param {string} program @returns {Promise<string | null>} null when it can be used */
async function whyUnusable(program) {
  try {
    const version = await versionOf(program);
    return isAtLeast(version, OLDEST_NATS_SERVER)
      ? null
      : `version ${version.join('.')} is older than ${OLDEST_NATS_SERVER.join('.')}`;
  } catch (error) {
    return `it does not run (${firstLine(error)})`;
  }
}

/** @param {number[]} version @param {number[]} floor */
export function isAtLeast(version, floor) {
  for (let index = 0; index < floor.length; index++) {
    const difference = (version[index] ?? 0) - (floor[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** @param {string} work @returns {Promise<string>} */
async function downloadRelease(work) {
  const platform = /** @type {keyof typeof RELEASES} */ (`${process.platform}-${process.arch}`);
  const chosen = RELEASES[platform];
  if (!chosen) throw new Error(`no checksum is pinned for ${platform}`);
  const abort = new AbortController();
  const late = setTimeout(() => abort.abort(new Error('no answer in time')), ANSWER_TIMEOUT_MS);
  const answer = await fetch(chosen.url, {
    signal: AbortSignal.any([abort.signal, AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS)]),
  })
    .catch((error) => {
      throw new Error(`${chosen.url} does not answer (${firstLine(error.cause ?? error)})`);
    })
    .finally(() => clearTimeout(late));
  if (!answer.ok) throw new Error(`${chosen.url} answered ${answer.status}`);
  const archive = Buffer.from(await answer.arrayBuffer());
  const sum = createHash('sha256').update(archive).digest('hex');
  if (sum !== chosen.sha256)
    throw new Error(`the archive's checksum is ${sum}, not ${chosen.sha256}: refused`);
  await writeFile(join(work, 'release.tar.gz'), archive);
  await run('tar', ['-xzf', join(work, 'release.tar.gz'), '-C', work], { timeout: 60_000 });
  return join(work, chosen.folder, 'nats-server');
}

/**
 * Debian's unstable suite has a new server that runs on stable. Signed by the archive key as every package;
 * lists and cache are private, nothing of the system changes.
 * @param {string} work @returns {Promise<string>}
 */
async function downloadFromDebian(work) {
  if (
    !onPath('apt-get').some((path) => existsSync(path)) ||
    !onPath('dpkg').some((path) => existsSync(path))
  ) {
    throw new Error('this machine has no apt');
  }
  await writeFile(join(work, 'sid.sources'), await sidSource());
  for (const folder of ['lists/partial', 'cache/archives/partial', 'sources.empty']) {
    await mkdir(join(work, folder), { recursive: true });
  }
  const options = [
    ['Dir::Etc::sourcelist', '/dev/null'],
    ['Dir::Etc::sourceparts', work],
    ['Dir::State::lists', join(work, 'lists')],
    ['Dir::Cache', join(work, 'cache')],
    ['Acquire::Languages', 'none'],
    ['Acquire::http::Timeout', '20'],
    ['Acquire::Retries', '1'],
    ...(process.getuid?.() === 0 ? [['APT::Sandbox::User', 'root']] : []),
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const limits = { cwd: work, timeout: APT_TIMEOUT_MS };
  await run('apt-get', [...options, 'update'], limits);
  await run('apt-get', [...options, 'download', 'nats-server/sid'], limits);
  const packageFile = (await readdir(work)).find((name) => name.endsWith('.deb'));
  if (!packageFile) throw new Error('apt downloaded no package');
  await run('dpkg', ['-x', join(work, packageFile), join(work, 'unpacked')], limits);
  for (const place of ['usr/bin/nats-server', 'usr/sbin/nats-server']) {
    if (existsSync(join(work, 'unpacked', place))) return join(work, 'unpacked', place);
  }
  throw new Error('the package has no nats-server program');
}

/** The machine's own Debian mirror and key, with the unstable suite. */
async function sidSource() {
  const folder = '/etc/apt/sources.list.d';
  const files = existsSync(folder) ? (await readdir(folder)).filter((name) => name.endsWith('.sources')) : [];
  for (const name of files) {
    const stanzas = (await readFile(join(folder, name), 'utf8')).split(/\n\s*\n/);
    for (const stanza of stanzas) {
      const field = (/** @type {string} */ key) => new RegExp(`^${key}:\\s*(.+)$`, 'mi').exec(stanza)?.[1];
      const uri = field('URIs')?.split(/\s+/)[0];
      if (!uri || /security/.test(uri) || !/debian/.test(uri) || /^no$/i.test(field('Enabled') ?? ''))
        continue;
      return debianSource(uri, field('Signed-By'));
    }
  }
  const list = existsSync('/etc/apt/sources.list') ? await readFile('/etc/apt/sources.list', 'utf8') : '';
  const uri = /^deb\s+(?:\[[^\]]*\]\s+)?(\S*debian\S*)\s/m.exec(list.replaceAll(/^.*security.*$/gm, ''))?.[1];
  if (!uri) throw new Error('no Debian package source is configured here');
  return debianSource(uri, undefined);
}

/** @param {string} uri @param {string | undefined} signedBy */
function debianSource(uri, signedBy) {
  const key = signedBy ?? '/usr/share/keyrings/debian-archive-keyring.gpg';
  return `Types: deb\nURIs: ${uri}\nSuites: sid\nComponents: main\nSigned-By: ${key}\n`;
}

/** @param {unknown} error */
function firstLine(error) {
  const full = error instanceof Error ? error : new Error(String(error));
  const stderr =
    'stderr' in full
      ? String(full.stderr)
          .split('\n')
          .find((line) => /^E:/.test(line))
      : undefined;
  return stderr ?? full.message.split('\n')[0] ?? 'unknown';
}

if (process.argv[1] && resolve(process.argv[1]) === import.meta.filename) {
  ensureNatsServer({ dataDir: process.env.DC_DATA_DIR ?? '.data', log: (line) => console.error(line) }).then(
    (path) => console.log(path),
    (error) => {
      console.error(error.message);
      process.exitCode = 1;
    },
  );
}
