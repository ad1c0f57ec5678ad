import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Advice, ensureInstalled, NODE, ROOT, withAdvice } from './install/install.mjs';
import { answers, docker, startOwnEngine } from './servers/docker-engine.mjs';

/**
 * `npm run test:docker`: the agent's Docker backend against a real engine with a real machine's image. Uses the engine
 * that answers at DOCKER_HOST or /var/run/docker.sock; with none, or with `--own-engine`, starts one and ends it again.
 */
const IMAGE = 'dc-test-ssh:1';
const SUITE = 'bookworm';
const run = promisify(execFile);
/** @type {import('node:child_process').ChildProcess | undefined} */
let running;
const log = (/** @type {string} */ line) => console.log(line);

await withAdvice(async () => {
  const args = process.argv.slice(2);
  await ensureInstalled(log);
  await needPrograms();
  const standard = (process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock').replace(/^unix:\/\//, '');
  const isOwn = args.includes('--own-engine') || !(await answers(standard));
  const engine = isOwn
    ? await startOwnEngine({ network: 'dc-test', log })
    : { socketPath: standard, network: 'bridge', stop: async () => undefined };
  let code = 1;
  // Jest, when it runs, ends by the same signal; the engine is ended after it.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.on(signal, async () => {
      if (running) {
        running.kill(signal);
        return;
      }
      await engine.stop();
      process.exit(1);
    });
  }
  try {
    await ensureImage(engine.socketPath);
    code = await jest(
      engine,
      args.filter((argument) => argument !== '--own-engine'),
    );
  } finally {
    await engine.stop();
  }
  process.exit(code);
});

async function needPrograms() {
  const needed = {
    docker: 'docker.io',
    dockerd: 'docker.io',
    debootstrap: 'debootstrap',
    ssh: 'openssh-client',
  };
  const missing = [];
  for (const [program, packageName] of Object.entries(needed)) {
    if (!(await isThere(program))) missing.push(packageName);
  }
  if (missing.length === 0) return;
  const packages = [...new Set(missing)];
  if (process.getuid?.() !== 0 || !(await isThere('apt-get'))) {
    throw new Advice(`These programs are needed: ${packages.join(', ')}. Install them and run again.`);
  }
  log(`Installing ${packages.join(', ')} ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq'], { env, timeout: 300_000 });
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
    env,
    timeout: 600_000,
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** @param {string} program */
function isThere(program) {
  return run('sh', ['-c', `command -v ${program}`]).then(
    () => true,
    () => false,
  );
}

/** The root file system is kept as an archive: engines of their own forget their images. @param {string} socketPath */
async function ensureImage(socketPath) {
  if (await docker(socketPath, 'image', 'inspect', IMAGE).then(Boolean, () => false)) return;
  const cache = join(process.env.DC_DATA_DIR ?? join(ROOT, '.data'), 'docker');
  const archive = join(cache, `${SUITE}-ssh-1.tar`);
  if (!existsSync(archive)) {
    if (process.getuid?.() !== 0) throw new Advice(`The image ${IMAGE} can be made by root only.`);
    log(`Making the image ${IMAGE} (once; about a minute) ...`);
    await mkdir(cache, { recursive: true });
    const folder = await mkdtemp(join(tmpdir(), 'dc-image-'));
    try {
      await run(
        'debootstrap',
        ['--variant=minbase', '--include=openssh-server', SUITE, join(folder, 'root')],
        { timeout: 600_000, maxBuffer: 64 * 1024 * 1024 },
      );
      const made = join(cache, `new-${process.pid}.tar`);
      await run('tar', ['-C', join(folder, 'root'), '--one-file-system', '-cf', made, '.'], {
        timeout: 120_000,
      });
      await rename(made, archive);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  await docker(socketPath, 'import', archive, IMAGE);
}

/** @param {{ socketPath: string, network: string }} engine @param {string[]} args @returns {Promise<number>} */
function jest(engine, args) {
  return new Promise((done, fail) => {
    const child = spawn(
      NODE,
      [
        '--conditions=source',
        join(ROOT, 'node_modules/jest/bin/jest.js'),
        ...['--selectProjects', 'unit', 'int', '--testPathPatterns', 'docker-backend|backends/docker'],
        ...args,
      ],
      {
        cwd: ROOT,
        stdio: 'inherit',
        env: {
          ...process.env,
          NODE_NO_WARNINGS: '1',
          DC_TEST_DOCKER_SOCKET: engine.socketPath,
          DC_TEST_DOCKER_NETWORK: engine.network,
          DC_TEST_DOCKER_REQUIRED: '1',
        },
      },
    );
    running = child;
    child.once('error', fail);
    child.once('exit', (code) => done(code ?? 1));
  });
}
