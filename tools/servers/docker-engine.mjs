import { execFile, spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const START_MS = 60_000;
const STOP_MS = 30_000;

/** @param {string} socketPath @param {string[]} args */
export async function docker(socketPath, ...args) {
  const { stdout } = await run('docker', ['-H', `unix://${socketPath}`, ...args], {
    timeout: 120_000,
    maxBuffer: 16 * 1024 * 1024,
  });
  return stdout.trim();
}

/** @param {string} socketPath */
export async function answers(socketPath) {
  if (!existsSync(socketPath)) return false;
  return docker(socketPath, 'version', '--format', '{{.Server.Version}}').then(
    () => true,
    () => false,
  );
}

/**
 * Starts an engine that shares nothing with another one on this host: its own folder, socket and network, and no rules in
 * the packet filter (what it publishes goes through its proxy).
 * @param {{ network: string, log: (line: string) => void }} options
 */
export async function startOwnEngine({ network, log }) {
  const folder = await mkdtemp(join(tmpdir(), 'dc-docker-'));
  const socketPath = join(folder, 'docker.sock');
  const logFile = join(folder, 'dockerd.log');
  const output = openSync(logFile, 'w');
  const child = spawn(
    'dockerd',
    [
      ...['--host', `unix://${socketPath}`, '--data-root', join(folder, 'data')],
      ...['--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'dockerd.pid')],
      ...['--bridge', 'none', '--iptables=false', '--ip6tables=false', '--ip-forward=false'],
    ],
    { stdio: ['ignore', output, output] },
  );
  let ended = false;
  const end = new Promise((done) => {
    child.once('error', done);
    child.once('exit', done);
  }).then(() => {
    ended = true;
  });
  const stop = async () => {
    if (!ended) {
      const left = await docker(socketPath, 'ps', '-aq').catch(() => '');
      if (left) await docker(socketPath, 'rm', '-f', ...left.split('\n')).catch(() => '');
      await docker(socketPath, 'network', 'rm', network).catch(() => '');
      child.kill('SIGTERM');
      await Promise.race([end, sleep(STOP_MS, undefined, { ref: false })]);
      if (!ended) child.kill('SIGKILL');
      await end;
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  };
  const giveUpAt = performance.now() + START_MS;
  while (!(await answers(socketPath))) {
    if (!ended && performance.now() < giveUpAt) {
      await sleep(200);
      continue;
    }
    const said = readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
    await stop();
    throw new Error(`dockerd does not start here:\n${said}`);
  }
  await docker(
    socketPath,
    'network',
    'create',
    ...['-o', `com.docker.network.bridge.name=dct${process.pid}`],
    ...['-o', 'com.docker.network.bridge.enable_icc=false', network],
  );
  log(`An engine of its own runs in ${folder}.`);
  return { socketPath, network, stop };
}
