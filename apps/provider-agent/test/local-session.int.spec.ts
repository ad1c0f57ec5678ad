import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import ssh2 from 'ssh2';
import type { LocalBackend } from '../src/backends/local/local-backend.ts';
import { findProcesses } from '../src/backends/local/processes.ts';
import { LocalMachines, marks, PORTS_EACH } from './local-machines.ts';
import { type SshKey, ssh, startSsh, transfer } from './ssh.ts';

jest.setTimeout(40_000);

let machines: LocalMachines;
let tenant: SshKey;
let backend: LocalBackend;
let port: number;

beforeAll(async () => {
  machines = await LocalMachines.begin();
  tenant = machines.tenant;
  backend = await machines.start('machines');
  port = (await machines.provision(backend)).instance.sshPort;
});

afterAll(async () => {
  for (const { externalId } of await backend.list()) await backend.terminate(externalId);
  await backend.close();
  await machines.end();
});

const inMachine = (command: string, input?: Buffer | string, flags?: string[]) =>
  ssh({ port, key: tenant, ...(flags && { flags }) }, command, input);

test('exit codes and the ends by signals are passed on', async () => {
  expect((await inMachine('exit 7')).code).toBe(7);
  expect((await inMachine('echo no >&2; exit 1')).stderr).toBe('no\n');
  expect((await inMachine('kill -TERM $$')).code).toBe(255);
});

test('input and output of 20 MB come through unchanged', async () => {
  const data = randomBytes(20 * 1024 * 1024);
  const answer = await inMachine('cat', data);
  expect(answer.code).toBe(0);
  expect(answer.stdout.equals(data)).toBe(true);
  expect((await inMachine('head -c 3', data)).stdout).toHaveLength(3);
});

test.each(['1', '2'])('a client that reads late gets the last byte of output %s as well', async (to) => {
  const size = 8_000_000;
  const client = startSsh({ port, key: tenant }, `head -c ${size} /dev/zero >&${to}; exit 5`);
  const output = to === '1' ? client.stdout : client.stderr;
  const ended = new Promise((resolve) => client.once('exit', resolve));
  // The windows fill up, and the command has ended before anything is read.
  await sleep(1_500);
  let received = 0;
  for await (const chunk of output as Readable) received += (chunk as Buffer).length;
  expect([received, await ended]).toEqual([size, 5]);
});

test('a command sees its own home and no variables of the agent', async () => {
  process.env.DC_TEST_SECRET = 'not for tenants';
  const answer = await inMachine('pwd; echo $HOME; env');
  delete process.env.DC_TEST_SECRET;
  const [pwd, home, ...environment] = answer.stdout.toString().split('\n');
  expect(pwd).toBe(home);
  expect(home).toContain(machines.folder);
  expect(environment.join('\n')).not.toContain('not for tenants');
});

test('a terminal has the size that the client asks for, and passes the exit code on', async () => {
  const answer = await inMachine('test -t 0 && test -t 1 && stty size; exit 5', '', ['-tt']);
  expect(answer.stdout.toString()).toMatch(/^\d+ \d+\r\n/);
  expect(answer.code).toBe(5);
});

const whereThereAreMore = availableParallelism() > 1 ? test : test.skip;
whereThereAreMore(
  'programs count the CPUs that were rented, with a terminal too and after a restart',
  async () => {
    const firstLife = await machines.start('counted');
    const { instance } = await machines.provision(firstLife, marks(), { cpuCores: 1 });
    const target = { port: instance.sshPort, key: tenant };
    expect((await ssh(target, 'nproc')).stdout.toString()).toBe('1\n');
    expect((await ssh({ ...target, flags: ['-tt'] }, 'nproc')).stdout.toString()).toBe('1\r\n');
    await firstLife.close();
    const next = await machines.start('counted');
    expect((await ssh(target, 'nproc')).stdout.toString()).toBe('1\n');
    await next.terminate(instance.externalId);
    await next.close();
    expect(Number((await inMachine('nproc')).stdout)).toBe(availableParallelism());
  },
);

test('a window that changes its size tells the terminal', async () => {
  const client = new ssh2.Client();
  const output: string[] = [];
  await new Promise<void>((resolve, reject) => {
    client.once('error', reject);
    client.once('ready', resolve);
    void readFile(tenant.file).then((privateKey) =>
      client.connect({ host: '127.0.0.1', port, username: 'dc', privateKey }),
    );
  });
  const shell = await new Promise<ssh2.ClientChannel>((resolve, reject) => {
    client.shell({ rows: 30, cols: 90, term: 'xterm' }, (error, channel) =>
      error ? reject(error) : resolve(channel),
    );
  });
  shell.on('data', (chunk: Buffer) => void output.push(chunk.toString()));
  shell.write('stty size\n');
  await eventually(() => output.join('').includes('30 90'));
  shell.setWindow(41, 101, 0, 0);
  await eventually(() => {
    shell.write('stty size\n');
    return output.join('').includes('41 101');
  });
  client.end();
});

test('an interactive shell works with a terminal and without', async () => {
  for (const flags of [['-tt'], ['-T']]) {
    const answer = await ssh({ port, key: tenant, flags }, undefined, 'echo $((6*7))\nexit 3\n');
    expect(answer.stdout.toString()).toContain('42');
    expect(answer.code).toBe(3);
  }
});

describe('files', () => {
  test('scp copies there and back, whole trees with their modes, by both of its protocols', async () => {
    const tree = join(machines.folder, 'tree');
    await mkdir(join(tree, 'deeper'), { recursive: true });
    const data = randomBytes(3_000_000);
    await writeFile(join(tree, 'deeper', 'a file ä'), data, { mode: 0o640 });
    await writeFile(join(tree, 'empty'), '', { mode: 0o755 });
    const done = { code: 0, out: '' };
    for (const protocol of ['-s', '-O']) {
      const there = `there${protocol}`;
      const copy = (from: string, to: string) =>
        transfer('scp', { port, key: tenant }, [protocol, '-rp', from, to]);
      expect(await copy(tree, `dc@127.0.0.1:${there}`)).toEqual(done);
      const back = join(machines.folder, `back${protocol}`);
      expect(await copy(`dc@127.0.0.1:${there}`, back)).toEqual(done);
      expect((await readFile(join(back, 'deeper', 'a file ä'))).equals(data)).toBe(true);
      expect((await stat(join(back, 'deeper', 'a file ä'))).mode & 0o777).toBe(0o640);
      expect((await stat(join(back, 'empty'))).mode & 0o777).toBe(0o755);
    }
  });

  test('sftp makes, lists, renames, links and removes, and says what does not work', async () => {
    await ssh({ port, key: tenant }, 'rm -rf s; mkdir s; echo one > s/one; mkfifo s/pipe');
    const commands = [
      'cd s',
      'mkdir made',
      'ln -s one link',
      'rename one two',
      'chmod 600 two',
      'ls -ln',
      '-rename two made',
      '-get nothing',
      '-get /etc/shadow-of-nobody',
      '-put /dev/null pipe',
      'pwd',
      'rmdir made\nrm two',
    ];
    const { code, out } = await transfer(
      'sftp',
      { port, key: tenant },
      ['-b', '-', 'dc@127.0.0.1'],
      `${commands.join('\n')}\n`,
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^-rw------- +\? +\d+ +\d+ +4 .* two$|^-rw------- .* two$/m);
    expect(out).toMatch(/^l.* link$/m);
    expect(out).toContain('remote rename');
    expect(out).toMatch(/File ".*nothing" not found/);
    expect(out).toMatch(/Remote working directory: \/.*\/home\/s/);
    const left = await ssh({ port, key: tenant }, 'ls s; readlink s/link');
    expect(left.stdout.toString()).toBe('link\npipe\none\n');
  });
});

describe('ports', () => {
  const echo = (answer: string) =>
    createServer((socket) => void socket.on('error', () => undefined).end(answer)).unref();
  const listen = async (server: ReturnType<typeof createServer>, at = 0): Promise<number> => {
    await once(server.listen(at, '127.0.0.1'), 'listening');
    return (server.address() as { port: number }).port;
  };
  /** A small server among the machine's own programs. */
  const SERVE = (at: number) =>
    `exec ${process.execPath} -e "require('net').createServer((s) => s.end('own')).listen(${at}, '127.0.0.1')"`;

  test('-L reaches what programs of the machine listen at, and nothing else of the host', async () => {
    const own = machines.sparePort;
    const program = startSsh({ port, key: tenant }, SERVE(own));
    const other = (await machines.provision(backend)).instance.sshPort;
    const foreign = startSsh({ port: other, key: tenant }, SERVE(own + 1));
    const platform = echo('platform');
    const through = (to: string, from = port) => ssh({ port: from, key: tenant, flags: ['-W', to] });
    const reaches = async (to: string, from?: number) =>
      (await through(to, from)).stdout.toString() === 'own';
    await eventually(() => reaches(`127.0.0.1:${own}`));
    expect(await reaches(`localhost:${own}`)).toBe(true);
    await eventually(() => reaches(`127.0.0.1:${own + 1}`, other));
    const platformPort = await listen(platform);
    const refused = [own + 1, platformPort, port, other, own + 2].map((at) => `127.0.0.1:${at}`);
    for (const to of [...refused, `0.0.0.0:${own}`, `127.0.0.2:${platformPort}`, `[::1]:${platformPort}`]) {
      expect(await through(to)).toMatchObject({ code: 255, stdout: Buffer.alloc(0) });
    }
    platform.close();
    program.kill();
    foreign.kill();
  });

  test("-R is reached by the machine's programs alone, and gives no port of machines away", async () => {
    const target = echo('from the client');
    const targetPort = await listen(target);
    const at = machines.sparePort + 10;
    const forwarding = (bind: number) => {
      const flags = ['-N', '-o', 'ExitOnForwardFailure=yes', '-R', `${bind}:127.0.0.1:${targetPort}`];
      return startSsh({ port, key: tenant, flags });
    };
    const client = forwarding(at);
    const ask = `exec ${process.execPath} -e "require('net').connect(${at}, '127.0.0.1').on('error', () => 0).pipe(process.stdout)"`;
    const heardIn = async (at: number) => (await ssh({ port: at, key: tenant }, ask)).stdout.toString();
    await eventually(async () => (await heardIn(port)) === 'from the client');
    const other = (await machines.provision(backend)).instance.sshPort;
    expect(await heardIn(other)).toBe('');
    const stranger = connect(at, '127.0.0.1');
    const heard: Buffer[] = [];
    stranger.on('data', (chunk) => void heard.push(chunk)).on('error', () => undefined);
    await once(stranger, 'close');
    expect(heard).toEqual([]);
    client.kill();
    await eventually(async () => (await heardIn(port)) === '');
    const lastOfItsOwn = machines.firstPort('machines') + PORTS_EACH - 1;
    for (const bind of [80, lastOfItsOwn]) {
      expect(await new Promise((resolve) => forwarding(bind).once('exit', resolve))).toBe(255);
    }
    target.close();
  });
});

describe('when the client goes', () => {
  const namesOf = async (machine: string) => {
    const pids = await findProcesses({ machine });
    const lines = await Promise.all(
      pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')),
    );
    return lines.flatMap((line) => /^sleep\0(\d+)\0$/.exec(line)?.[1] ?? []).sort();
  };
  const leave = async (command: string, up: number, flags: string[]) => {
    const { instance } = await machines.provision(backend);
    const client = startSsh({ port: instance.sshPort, key: tenant, flags }, command);
    await eventually(async () => (await namesOf(instance.externalId)).length === up);
    client.kill('SIGKILL');
    return instance;
  };
  // Somewhere else, without a trace of the machine in its environment, of a group and a session of its own.
  const hidden = '(cd / && exec env -i setsid sleep 3005) &';

  test.each([
    ['without a terminal', ['-T']],
    ['with a terminal', ['-tt']],
  ])('%s, it is hung up on: what asked to go on does, until the machine ends', async (_, flags) => {
    const command = `set -m; nohup sleep 3001 >/dev/null 2>&1 & setsid sleep 3003 & ${hidden} set +m; sleep 3002`;
    const { externalId } = await leave(command, 4, flags);
    await eventually(async () => !(await namesOf(externalId)).includes('3002'));
    expect(await namesOf(externalId)).toEqual(['3001', '3003', '3005']);
    await backend.stop(externalId);
    expect(await namesOf(externalId)).toEqual([]);
    await backend.terminate(externalId);
  });

  test('a command that has ended leaves its background alone', async () => {
    const { instance } = await machines.provision(backend);
    const target = { port: instance.sshPort, key: tenant };
    expect((await ssh(target, 'sleep 3001 >/dev/null 2>&1 & echo up')).stdout.toString()).toBe('up\n');
    expect((await ssh(target, 'true')).code).toBe(0);
    expect(await namesOf(instance.externalId)).toEqual(['3001']);
    await backend.terminate(instance.externalId);
    expect(await namesOf(instance.externalId)).toEqual([]);
  });

  test('what moves on from process to process ends with the machine too', async () => {
    const { instance } = await machines.provision(backend);
    const hop = 'i=0; while [ $i -lt 500 ]; do (sleep 0.01) & wait; i=$((i+1)); done';
    await ssh({ port: instance.sshPort, key: tenant }, `setsid sh -c '${hop}' >/dev/null 2>&1 &`);
    const machine = instance.externalId;
    await eventually(async () => (await findProcesses({ machine })).length > 0);
    await backend.terminate(machine);
    expect(await findProcesses({ machine })).toEqual([]);
  });
});
