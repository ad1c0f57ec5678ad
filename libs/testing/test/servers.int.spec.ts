import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, connect as dial, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import pg from 'pg';
import {
  createTestDatabase,
  eventually,
  FaultProxy,
  freePort,
  GuardedProcess,
  SpawnedService,
  startTestNats,
} from '../src/index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dc-testing-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function rowsOf(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('each database is a migrated clone of its own', async () => {
  const migrations = join(folder, 'migrations');
  await mkdir(join(migrations, '20260101000000_first'), { recursive: true });
  await writeFile(join(migrations, '20260101000000_first', 'migration.sql'), 'create table thing (id int);');
  const [one, two] = await Promise.all([
    createTestDatabase({ migrationsDir: migrations }),
    createTestDatabase({ migrationsDir: migrations }),
  ]);
  await rowsOf(one.url, 'insert into thing values (1)');
  expect(await rowsOf(one.url, 'select id from thing')).toEqual([{ id: 1 }]);
  expect(await rowsOf(two.url, 'select id from thing')).toEqual([]);
  await writeFile(join(migrations, '20260101000000_first', 'migration.sql'), 'create table other (id int);');
  const changed = await createTestDatabase({ migrationsDir: migrations });
  await expect(rowsOf(changed.url, 'select id from thing')).rejects.toThrow('does not exist');
  await Promise.all([one.drop(), two.drop(), changed.drop()]);
  await expect(rowsOf(one.url, 'select 1')).rejects.toThrow('does not exist');
});

test('a nats-server comes back on its port with its streams after kill -9', async () => {
  const nats = await startTestNats();
  try {
    const first = await connect({ servers: nats.url, reconnect: false });
    await (await jetstreamManager(first)).streams.add({ name: 'KEPT', subjects: ['kept.>'] });
    const { url } = nats;
    await nats.kill('SIGKILL');
    await nats.startAgain();
    expect(nats.url).toBe(url);
    const second = await connect({ servers: nats.url, reconnect: false });
    expect((await (await jetstreamManager(second)).streams.info('KEPT')).config.name).toBe('KEPT');
    await second.close();
  } finally {
    await nats.stop();
  }
});

test('a guarded process ends when whoever started it is killed', async () => {
  const script = join(folder, 'parent.mjs');
  await writeFile(
    script,
    `import { spawn } from 'node:child_process';
     const child = spawn('/bin/sh', [${JSON.stringify(join(import.meta.dirname, '../guard.sh'))}, 'TERM', 'sleep', '300'],
       { stdio: ['pipe', 'inherit', 'inherit'], detached: true });
     setInterval(() => child.pid, 1000);`,
  );
  let grandchild = 0;
  const parent = GuardedProcess.start({
    command: process.execPath,
    args: [script],
    onLine: (line) => {
      grandchild = Number(/^guard-pid (\d+)/.exec(line)?.[1] ?? grandchild);
    },
  });
  await eventually(() => grandchild > 0);
  expect(() => process.kill(grandchild, 0)).not.toThrow();
  await parent.signal('SIGKILL');
  await eventually(() => {
    try {
      process.kill(grandchild, 0);
      return false;
    } catch {
      return true;
    }
  });
});

const onLinux = process.platform === 'linux' ? test : test.skip;
onLinux('a process that was told to stand still does', async () => {
  const busy = GuardedProcess.start({
    command: process.execPath,
    args: ['-e', 'for (;;) require("node:crypto").randomBytes(1024)'],
  });
  const threads = `/proc/${await busy.pid}/task`;
  const states = () =>
    readdirSync(threads).map(
      (thread) => /\) (\w)/.exec(readFileSync(`${threads}/${thread}/stat`, 'utf8'))?.[1],
    );
  try {
    for (let round = 0; round < 100; round++) {
      await busy.signal('SIGSTOP');
      expect(new Set(states())).toEqual(new Set(['T']));
      await busy.signal('SIGCONT');
    }
  } finally {
    await busy.end('SIGKILL');
  }
});

test('a spawned service: ready, log, signals, what nobody handled', async () => {
  const script = join(folder, 'service.mjs');
  await writeFile(
    script,
    `import { createServer } from 'node:http';
     createServer((q, a) => a.writeHead(q.url === '/health/ready' ? 200 : 404).end()).listen(process.env.OPS_PORT, '127.0.0.1');
     console.log(JSON.stringify({ level: 30, message: 'hello ' + process.env.NAME_OF_IT }));
     process.on('SIGTERM', () => process.exit(7));
     process.on('SIGUSR2', () => Promise.reject(new Error('nobody cares')));`,
  );
  const service = await SpawnedService.start({ name: 'it', script, env: { NAME_OF_IT: 'you' } });
  await service.ready();
  await service.line(/hello you/);
  expect(service.unhandledErrors()).toEqual([]);
  expect(await service.kill('SIGTERM')).toEqual({ code: 7 });
  service.startAgain();
  await service.ready();
  await service.kill('SIGUSR2');
  await service.exited;
  expect(service.unhandledErrors().length).toBeGreaterThan(0);
  await expect(service.ready()).rejects.toThrow('nobody cares');
});

const closed = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));

describe('the fault proxy', () => {
  async function echo() {
    const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
    const port = await freePort();
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const proxy = await FaultProxy.start({ host: '127.0.0.1', port });
    return { server, proxy };
  }
  async function ask(socket: Socket, text: string): Promise<string> {
    socket.write(text);
    const [chunk] = (await once(socket, 'data', { signal: AbortSignal.timeout(500) })) as [Buffer];
    return chunk.toString();
  }

  test('passes, slows, goes silent, heals and cuts', async () => {
    const { server, proxy } = await echo();
    const socket = dial(proxy.port, '127.0.0.1').on('error', () => undefined);
    await once(socket, 'connect');
    expect(await ask(socket, 'one')).toBe('one');
    proxy.delay(5);
    expect(await ask(socket, 'two')).toBe('two');
    proxy.halfOpen();
    await expect(ask(socket, 'lost')).rejects.toThrow();
    expect(socket.destroyed).toBe(false);
    const ended = closed(socket);
    proxy.heal();
    await ended;
    const next = dial(proxy.port, '127.0.0.1').on('error', () => undefined);
    await once(next, 'connect');
    expect(await ask(next, 'three')).toBe('three');
    const cut = closed(next);
    proxy.cut();
    await cut;
    const refused = dial(proxy.port, '127.0.0.1').on('error', () => undefined);
    await closed(refused);
    await proxy.close();
    server.close();
  });
});

test('eventually gives up with the last reason', async () => {
  await expect(
    eventually(
      () => {
        throw new Error('never');
      },
      { deadlineMs: 30, what: 'the impossible' },
    ),
  ).rejects.toThrow('the impossible did not come about in 30 ms: never');
});
