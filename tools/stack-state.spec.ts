import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Advice } from './install.mjs';
import { readJsonFile, writeJsonFile } from './json-file.mjs';
import { PidFile } from './stack-pids.mjs';
import { choosePorts } from './stack-ports.mjs';

const PORT_VARIABLES = ['API_SERVER_PORT', 'DATABASE_PORT', 'NATS_PORT'];
const before = Object.fromEntries(PORT_VARIABLES.map((name) => [name, process.env[name]]));
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dc-stack-'));
});
afterEach(async () => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await rm(folder, { recursive: true, force: true });
});

async function occupy(port = 0): Promise<{ port: number; server: Server }> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as { port: number }).port, server };
}
async function freeOne(): Promise<number> {
  const { port, server } = await occupy();
  server.close();
  await once(server, 'close');
  return port;
}

describe('ports', () => {
  test('are the same the next time while they are free, and different from each other', async () => {
    process.env.API_SERVER_PORT = String(await freeOne());
    const names = ['postgres', 'nats', 'accounts'];
    const first = await choosePorts(folder, names, 1);
    expect(new Set([...Object.values(first.others), ...first.gateways]).size).toBe(4);
    expect(await choosePorts(folder, names, 1)).toEqual(first);
    const { server } = await occupy(first.others.accounts);
    const second = await choosePorts(folder, names, 1);
    expect(second.others).toMatchObject({ postgres: first.others.postgres, nats: first.others.nats });
    expect(second.others.accounts).not.toBe(first.others.accounts);
    server.close();
  });

  test('a chosen port that is taken stops the start and says what to do', async () => {
    const { port, server } = await occupy();
    process.env.API_SERVER_PORT = String(port);
    await expect(choosePorts(folder, [], 1)).rejects.toThrow(Advice);
    await expect(choosePorts(folder, [], 1)).rejects.toThrow(`Port ${port} is taken`);
    process.env.API_SERVER_PORT = String(await freeOne());
    process.env.NATS_PORT = String(port);
    await expect(choosePorts(folder, ['nats'], 1)).rejects.toThrow('NATS_PORT');
    server.close();
  });

  test.each(['0', '70000', 'http', '1.5'])('refuses %s as a port', async (text) => {
    process.env.API_SERVER_PORT = text;
    await expect(choosePorts(folder, [], 1)).rejects.toThrow('give a port between 1 and 65535');
  });

  test('a list of ports that was cut short is made again', async () => {
    await writeFile(join(folder, 'ports.json'), '{ "postgres": 54');
    const { others } = await choosePorts(folder, ['postgres'], 0);
    expect(JSON.parse(await readFile(join(folder, 'ports.json'), 'utf8'))).toEqual(others);
  });
});

describe('processes of an earlier run', () => {
  const isAlive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  test('are ended when they still are what was started, and only then', async () => {
    const children = [300, 301].map((seconds) => spawn('sleep', [String(seconds)], { stdio: 'ignore' }));
    const [ours, foreign] = children as [(typeof children)[number], (typeof children)[number]];
    const ended = once(ours, 'exit');
    await writeJsonFile(join(folder, 'stack.json'), {
      stack: 4_194_300,
      children: [
        { name: 'accounts', pid: ours.pid, match: 'sleep 300' },
        { name: 'payments', pid: foreign.pid, match: 'apps/payments/dist/main.js' },
      ],
    });
    const said: string[] = [];
    await new PidFile(folder).endStale((line) => said.push(line));
    await ended;
    expect(said).toEqual([expect.stringContaining('accounts')]);
    expect(isAlive(foreign.pid as number)).toBe(true);
    foreign.kill('SIGKILL');
    expect(existsSync(join(folder, 'stack.json'))).toBe(false);
  });

  test('a running stack is left alone and named', async () => {
    const script = join(folder, 'tools/stack.mjs');
    const running = spawn('sh', ['-c', 'sleep 300; true', script], { stdio: 'ignore' });
    await writeJsonFile(join(folder, 'stack.json'), { stack: running.pid, children: [] });
    await expect(new PidFile(folder).endStale(() => undefined)).rejects.toThrow(
      `already running here (process ${running.pid})`,
    );
    expect(isAlive(running.pid as number)).toBe(true);
    running.kill('SIGKILL');
  });

  test('a list that was cut short is no reason not to start', async () => {
    await writeFile(join(folder, 'stack.json'), '{ "stack": 1');
    await new PidFile(folder).endStale(() => undefined);
  });

  test('the list is written whole, and one failure does not stop the next', async () => {
    const pids = new PidFile(join(folder, 'missing'));
    await expect(pids.write([])).rejects.toThrow('ENOENT');
    pids.file = join(folder, 'stack.json');
    await Promise.all([pids.write([]), pids.write([{ name: 'nats', pid: 7, match: 'x' }])]);
    expect(await readJsonFile(pids.file, undefined)).toEqual({
      stack: process.pid,
      children: [{ name: 'nats', pid: 7, match: 'x' }],
    });
    await pids.remove();
    expect(await readdir(folder)).toEqual([]);
  });
});
