import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Advice } from '../install/install.mjs';
import { readJsonFile, writeJsonFile } from '../json-file.mjs';
import { PidFile } from './pids.mjs';
import { choosePorts, gatewayHost, isLoopback } from './ports.mjs';

/** Another platform that has chosen, and has not begun to use what it chose. */
const CHOOSE = `import { choosePorts } from ${JSON.stringify(join(import.meta.dirname, 'ports.mjs'))};
const { others } = await choosePorts(process.argv.at(-1), ['contracts'], 1);
console.log(JSON.stringify(others));
process.stdin.resume();`;
const VARIABLES = ['API_SERVER_PORT', 'DATABASE_PORT', 'NATS_PORT', 'HOST'];
const before = Object.fromEntries(VARIABLES.map((name) => [name, process.env[name]]));
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

  test('are none that systems hand out to whoever asks for any', async () => {
    process.env.API_SERVER_PORT = String(await freeOne());
    const { others } = await choosePorts(folder, ['postgres', 'nats'], 1);
    for (const port of Object.values(others)) expect(port).toBeGreaterThanOrEqual(10_000);
    for (const port of Object.values(others)) expect(port).toBeLessThan(20_000);
  });

  test('are none that cannot be asked by fetch', async () => {
    process.env.API_SERVER_PORT = String(await freeOne());
    await writeJsonFile(join(folder, 'ports.json'), { contracts: 10_080 });
    expect((await choosePorts(folder, ['contracts'], 1)).others.contracts).not.toBe(10_080);
  });

  test('two platforms that choose in the same moment never choose the same', async () => {
    const port = 10_000 + (process.pid % 10_000);
    const ours = join(folder, 'ports.json');
    await writeJsonFile(ours, { contracts: port });
    const other = spawn(process.execPath, ['--input-type=module', '-e', CHOOSE, folder], {
      env: { ...process.env, API_SERVER_PORT: String(await freeOne()) },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [chosen] = (await once(other.stdout, 'data')) as [Buffer];
    expect(JSON.parse(String(chosen))).toEqual({ contracts: port });
    process.env.API_SERVER_PORT = String(await freeOne());
    const { others } = await choosePorts(folder, ['contracts'], 1);
    expect(others.contracts).not.toBe(port);
    const ended = once(other, 'exit');
    other.kill('SIGKILL');
    await ended;
    await writeJsonFile(ours, { contracts: port });
    expect((await choosePorts(folder, ['contracts'], 1)).others).toEqual({ contracts: port });
  });

  test('two platforms that want the same gateway port: the second one is told, before either listens', async () => {
    const port = await freeOne();
    process.env.API_SERVER_PORT = String(port);
    const other = spawn(process.execPath, ['--input-type=module', '-e', CHOOSE, folder], {
      env: process.env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(other.stdout, 'data');
    await expect(choosePorts(folder, [], 1)).rejects.toThrow(
      `Another platform that starts in this moment takes port ${port}`,
    );
    const ended = once(other, 'exit');
    other.kill('SIGKILL');
    await ended;
    await expect(choosePorts(folder, [], 1)).resolves.toMatchObject({ gateways: [port] });
  });

  test.each([
    [undefined, '127.0.0.1'],
    ['', '127.0.0.1'],
    ['localhost', '127.0.0.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['::', '::'],
  ])('with HOST %p gateways listen at %s', (asked, host) => {
    if (asked === undefined) delete process.env.HOST;
    else process.env.HOST = asked;
    expect(gatewayHost()).toBe(host);
    expect(isLoopback(host)).toBe(host === '127.0.0.1');
  });

  test('a HOST that is no address is refused', () => {
    process.env.HOST = 'my-laptop';
    expect(gatewayHost).toThrow('HOST is "my-laptop": give an address of this machine');
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
        { name: 'payments', pid: foreign.pid, match: 'apps/payments/bundle/main.js' },
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
    const script = join(folder, 'tools/stack/stack.mjs');
    const running = spawn('sh', ['-c', 'sleep 300; true', script], { stdio: 'ignore' });
    await writeJsonFile(join(folder, 'stack.json'), { stack: running.pid, children: [] });
    await expect(new PidFile(folder).endStale(() => undefined)).rejects.toThrow(
      `already running here (process ${running.pid})`,
    );
    expect(isAlive(running.pid as number)).toBe(true);
    running.kill('SIGKILL');
  });

  test('of two that start in the same moment, one takes the data', async () => {
    const [first, second] = [new PidFile(folder), new PidFile(folder)];
    const taken = await Promise.allSettled([first.take(), second.take()]);
    expect(taken.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(taken.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: expect.objectContaining({ message: expect.stringContaining('was faster') }),
    });
    expect(await readdir(folder)).toEqual(['stack.json']);
  });

  test('a list that was cut short is no reason not to start', async () => {
    await writeFile(join(folder, 'stack.json'), '{ "stack": 1');
    const pids = new PidFile(folder);
    await pids.endStale(() => undefined);
    await pids.take();
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
