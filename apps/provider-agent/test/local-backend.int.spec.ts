import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import ssh2 from 'ssh2';
import { BackendError } from '../src/backends/backend.ts';
import { LocalBackend } from '../src/backends/local/local-backend.ts';
import { findProcesses, MACHINE_MARK } from '../src/backends/local/processes.ts';
import type { MachineMarks } from '../src/domain/machine.ts';
import { FIRST_PORT } from './ports.ts';
import { newSshKey, type SshKey, ssh, startSsh } from './ssh.ts';

jest.setTimeout(40_000);

let folder: string;
let tenant: SshKey;
let stranger: SshKey;
let backend: LocalBackend;
const faults: unknown[] = [];
/** Of each back end, one after the other. */
const PORTS_EACH = 20;
let firstPort = FIRST_PORT;

function newBackend(name: string, maxMachines = 10): LocalBackend {
  const portRangeStart = firstPort;
  firstPort += PORTS_EACH;
  return new LocalBackend({
    folder: join(folder, name),
    portRangeStart,
    portRangeEnd: firstPort - 1,
    maxMachines,
    onFault: (error) => void faults.push(error),
  });
}
const marks = (contractId = randomBytes(32).toString('hex'), generation = 1): MachineMarks => ({
  contractId,
  generation,
  environment: 'test',
  agent: '0123456789abcdef',
});
const provision = (
  own: MachineMarks,
  keys = [tenant.publicKey],
  from = backend,
  onStep: (step: string) => void = () => undefined,
) =>
  from.provision({
    spec: { offeringId: 'o', sshPublicKeys: keys },
    marks: own,
    signal: new AbortController().signal,
    onStep,
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dc-local-'));
  tenant = await newSshKey(folder, 'tenant');
  stranger = await newSshKey(folder, 'stranger');
  backend = newBackend('machines');
  await backend.start();
});

afterAll(async () => {
  for (const { externalId } of await backend.list()) await backend.terminate(externalId);
  await backend.close();
  await rm(folder, { recursive: true, force: true });
  expect(faults).toEqual([]);
});

describe('signing in', () => {
  test('the tenant gets in with the real client, as dc and as root, and meets the reported host key', async () => {
    const { instance, credential } = await provision(marks());
    const knownHosts = join(folder, 'known');
    await writeFile(knownHosts, `[127.0.0.1]:${instance.sshPort} ${instance.sshHostKey}\n`);
    for (const user of ['dc', 'root']) {
      const answer = await ssh(
        { port: instance.sshPort, key: tenant, user, knownHosts },
        'uname -a; echo $USER',
      );
      expect(answer).toMatchObject({ code: 0, stderr: '' });
      expect(answer.stdout.toString()).toMatch(new RegExp(`^Linux .*\n${user}\n$`));
    }
    expect(credential).toMatchObject({ user: 'dc', host: '127.0.0.1', port: instance.sshPort });
    expect(credential.hostKeyFingerprint).toMatch(/^SHA256:/);
    expect(credential).not.toHaveProperty('password');
  });

  test.each(['ecdsa', 'rsa'])('a tenant with an %s key gets in', async (type) => {
    const key = await newSshKey(folder, `tenant-${type}`, type);
    const { instance } = await provision(marks(), [key.publicKey]);
    expect((await ssh({ port: instance.sshPort, key }, 'true')).code).toBe(0);
  });

  test('another key and another user are refused', async () => {
    const { instance } = await provision(marks());
    const answers = [
      await ssh({ port: instance.sshPort, key: stranger }, 'echo in'),
      await ssh({ port: instance.sshPort, key: tenant, user: 'admin' }, 'echo in'),
    ];
    for (const answer of answers) {
      expect(answer).toMatchObject({ code: 255 });
      expect(answer.stdout).toHaveLength(0);
      expect(answer.stderr).toContain('Permission denied (publickey)');
    }
  });

  test('a key that nobody can use fails the command as a matter of its settings', async () => {
    await expect(provision(marks(), ['ssh-ed25519 AAAA'])).rejects.toMatchObject({
      failure: { class: 'config', code: 'SSH_KEY_UNUSABLE' },
    });
  });
});

describe('running commands', () => {
  let port: number;
  beforeAll(async () => {
    port = (await provision(marks())).instance.sshPort;
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
    expect(home).toContain(folder);
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
      const firstLife = newBackend('counted');
      await firstLife.start();
      const { instance } = await firstLife.provision({
        spec: { offeringId: 'o', sshPublicKeys: [tenant.publicKey], cpuCores: 1 },
        marks: marks(),
        signal: new AbortController().signal,
        onStep: () => undefined,
      });
      const target = { port: instance.sshPort, key: tenant };
      expect((await ssh(target, 'nproc')).stdout.toString()).toBe('1\n');
      expect((await ssh({ ...target, flags: ['-tt'] }, 'nproc')).stdout.toString()).toBe('1\r\n');
      await firstLife.close();
      const next = newBackend('counted');
      await next.start();
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
    const options = [
      '-o',
      'BatchMode=yes',
      '-o',
      'StrictHostKeyChecking=no',
      '-o',
      'UserKnownHostsFile=/dev/null',
    ];
    const client = (name: string, args: string[], input = '') =>
      new Promise<{ code: number; out: string }>((resolve) => {
        const flags = ['-q', '-F', '/dev/null', ...options, '-i', tenant.file, '-P', String(port)];
        const child = execFile(name, [...flags, ...args], { timeout: 30_000 }, (error, out, err) =>
          resolve({ code: Number(error?.code ?? 0), out: `${out}${err}` }),
        );
        child.stdin?.end(input);
      });

    test('scp copies there and back, whole trees with their modes, by both of its protocols', async () => {
      const tree = join(folder, 'tree');
      await mkdir(join(tree, 'deeper'), { recursive: true });
      const data = randomBytes(3_000_000);
      await writeFile(join(tree, 'deeper', 'a file ä'), data, { mode: 0o640 });
      await writeFile(join(tree, 'empty'), '', { mode: 0o755 });
      for (const protocol of ['-s', '-O']) {
        const there = `there${protocol}`;
        expect(await client('scp', [protocol, '-rp', tree, `dc@127.0.0.1:${there}`])).toEqual({
          code: 0,
          out: '',
        });
        const back = join(folder, `back${protocol}`);
        expect(await client('scp', [protocol, '-rp', `dc@127.0.0.1:${there}`, back])).toEqual({
          code: 0,
          out: '',
        });
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
        'rmdir made',
        'rm two',
      ];
      const { code, out } = await client('sftp', ['-b', '-', 'dc@127.0.0.1'], `${commands.join('\n')}\n`);
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
      const own = firstPort + 500;
      const program = startSsh({ port, key: tenant }, SERVE(own));
      const other = (await provision(marks())).instance.sshPort;
      const foreign = startSsh({ port: other, key: tenant }, SERVE(own + 1));
      const platform = echo('platform');
      const through = (to: string) => ssh({ port, key: tenant, flags: ['-W', to] });
      await eventually(async () => (await through(`127.0.0.1:${own}`)).stdout.toString() === 'own');
      expect((await through(`localhost:${own}`)).stdout.toString()).toBe('own');
      await eventually(
        async () =>
          (
            await ssh({ port: other, key: tenant, flags: ['-W', `127.0.0.1:${own + 1}`] })
          ).stdout.toString() === 'own',
      );
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
      const at = firstPort + 510;
      const forwarding = (bind: number) =>
        startSsh({
          port,
          key: tenant,
          flags: ['-N', '-o', 'ExitOnForwardFailure=yes', '-R', `${bind}:127.0.0.1:${targetPort}`],
        });
      const client = forwarding(at);
      const ask = `exec ${process.execPath} -e "require('net').connect(${at}, '127.0.0.1').on('error', () => 0).pipe(process.stdout)"`;
      await eventually(
        async () => (await ssh({ port, key: tenant }, ask)).stdout.toString() === 'from the client',
      );
      const other = (await provision(marks())).instance.sshPort;
      expect((await ssh({ port: other, key: tenant }, ask)).stdout).toHaveLength(0);
      const stranger = connect(at, '127.0.0.1');
      const heard: Buffer[] = [];
      stranger.on('data', (chunk) => void heard.push(chunk)).on('error', () => undefined);
      await once(stranger, 'close');
      expect(heard).toEqual([]);
      client.kill();
      await eventually(async () => (await ssh({ port, key: tenant }, ask)).stdout.length === 0);
      const lastOfItsOwn = port - ((port - FIRST_PORT) % PORTS_EACH) + PORTS_EACH - 1;
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
      const own = marks();
      const { instance } = await provision(own);
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
      const { instance } = await provision(marks());
      const target = { port: instance.sshPort, key: tenant };
      expect((await ssh(target, 'sleep 3001 >/dev/null 2>&1 & echo up')).stdout.toString()).toBe('up\n');
      expect((await ssh(target, 'true')).code).toBe(0);
      expect(await namesOf(instance.externalId)).toEqual(['3001']);
      await backend.terminate(instance.externalId);
      expect(await namesOf(instance.externalId)).toEqual([]);
    });

    test('what moves on from process to process ends with the machine too', async () => {
      const { instance } = await provision(marks());
      const hop = 'i=0; while [ $i -lt 500 ]; do (sleep 0.01) & wait; i=$((i+1)); done';
      await ssh({ port: instance.sshPort, key: tenant }, `setsid sh -c '${hop}' >/dev/null 2>&1 &`);
      const machine = instance.externalId;
      await eventually(async () => (await findProcesses({ machine })).length > 0);
      await backend.terminate(machine);
      expect(await findProcesses({ machine })).toEqual([]);
    });
  });
});

describe('the life of a machine', () => {
  test('one contract has one machine; a newer generation takes it over with its keys', async () => {
    const first = await provision(marks());
    const [found] = (await backend.list()).filter(
      ({ externalId }) => externalId === first.instance.externalId,
    );
    const own = found?.marks as MachineMarks;
    expect((await provision(own)).instance).toEqual(first.instance);
    const next = { ...own, generation: 2 };
    expect((await provision(next, [stranger.publicKey])).instance).toEqual(first.instance);
    expect(await backend.find(own.contractId)).toMatchObject({ marks: next, power: 'running' });
    expect((await ssh({ port: first.instance.sshPort, key: stranger }, 'true')).code).toBe(0);
    expect((await ssh({ port: first.instance.sshPort, key: tenant }, 'true')).code).toBe(255);
    await expect(provision(own)).rejects.toMatchObject({ failure: { code: 'SUPERSEDED' } });
  });

  test('termination ends sessions and processes, removes the folder and closes the port; twice is once', async () => {
    const own = marks();
    const { instance } = await provision(own);
    const client = startSsh({ port: instance.sshPort, key: tenant }, 'echo up; setsid sleep 3003 & cat');
    await new Promise((resolve) => client.stdout?.once('data', resolve));
    const gone = new Promise((resolve) => client.once('exit', resolve));
    const mark = { name: MACHINE_MARK, value: instance.externalId };
    expect((await findProcesses({ mark })).length).toBeGreaterThan(0);
    await backend.terminate(instance.externalId);
    await gone;
    expect(await findProcesses({ mark })).toEqual([]);
    expect(await readdir(join(folder, 'machines'))).not.toContain(instance.externalId);
    expect(await backend.find(own.contractId)).toBeUndefined();
    const refused = await ssh({ port: instance.sshPort, key: tenant }, 'true');
    expect(refused.stderr).toMatch(/refused/);
    await backend.terminate(instance.externalId);
  });

  test('a stopped machine is listed, lets nobody in, and comes back with what it held', async () => {
    const own = marks();
    const { instance } = await provision(own);
    const target = { port: instance.sshPort, key: tenant };
    await ssh(target, 'echo kept > file');
    await backend.stop(instance.externalId);
    expect(await backend.find(own.contractId)).toMatchObject({ power: 'stopped' });
    expect((await ssh(target, 'true')).code).toBe(255);
    await backend.resume(instance.externalId);
    expect((await ssh(target, 'cat file')).stdout.toString()).toBe('kept\n');
  });

  test('machines outlive the agent with host key and port; half-made ones do not', async () => {
    const first = newBackend('restart');
    await first.start();
    const own = marks();
    const { instance } = await provision(own, [tenant.publicKey], first);
    const stopped = await provision(marks(), [tenant.publicKey], first);
    await first.stop(stopped.instance.externalId);
    await mkdir(join(folder, 'restart', '.new-abc'));
    await first.close();
    expect((await ssh({ port: instance.sshPort, key: tenant }, 'true')).code).toBe(255);
    firstPort -= PORTS_EACH;
    const second = newBackend('restart');
    await second.start();
    expect((await ssh({ port: instance.sshPort, key: tenant }, 'true')).code).toBe(0);
    expect((await second.list()).map(({ power }) => power).sort()).toEqual(['running', 'stopped']);
    expect((await provision(own, [tenant.publicKey], second)).instance).toEqual(instance);
    expect(await readdir(join(folder, 'restart'))).not.toContain('.new-abc');
    await second.close();
  });

  test('what was left in the folder keeps nothing from starting: it is listed with the reason and can be removed', async () => {
    const first = newBackend('spoilt');
    await first.start();
    const { instance } = await provision(marks(), [tenant.publicKey], first);
    const own = marks();
    const spoilt = (await provision(own, [tenant.publicKey], first)).instance.externalId;
    await first.close();
    await writeFile(join(folder, 'spoilt', spoilt, 'machine.json'), 'spoilt');
    await writeFile(join(folder, 'spoilt', 'a file'), '');
    await mkdir(join(folder, 'spoilt', '.gone-dc-1-g1-01234567', 'home'), { recursive: true });
    firstPort -= PORTS_EACH;
    const second = newBackend('spoilt');
    try {
      await second.start();
      expect((await ssh({ port: instance.sshPort, key: tenant }, 'true')).code).toBe(0);
      expect((await second.verify()).filter(({ status }) => status === 'fail')).toEqual([]);
      const details = (await second.verify()).map(({ detail }) => detail);
      expect(details).toContain(`${spoilt}: machine.json cannot be read: it is not as the agent wrote it`);
      await eventually(async () => (await second.list()).length === 3);
      expect(await second.find(own.contractId)).toBeUndefined();
      await expect(provision(own, [tenant.publicKey], second)).rejects.toMatchObject({
        failure: { code: 'STILL_THERE', resourcesLeft: [{ id: spoilt }] },
      });
      for (const { externalId, left } of await second.list()) if (left) await second.terminate(externalId);
      expect(await readdir(join(folder, 'spoilt'))).toEqual([instance.externalId]);
    } finally {
      await second.close();
    }
  });

  test('ten at once get ten ports; the one too many is told so', async () => {
    const many = newBackend('many', 10);
    await many.start();
    const made = await Promise.all(
      Array.from({ length: 10 }, () => provision(marks(), [tenant.publicKey], many)),
    );
    expect(new Set(made.map(({ instance }) => instance.sshPort)).size).toBe(10);
    await expect(provision(marks(), [tenant.publicKey], many)).rejects.toMatchObject({
      failure: { class: 'capacity', code: 'NO_FREE_SLOT' },
    });
    await many.close();
  });

  test('a command that was called off before creation leaves nothing', async () => {
    const controller = new AbortController();
    controller.abort(new Error('called off'));
    const own = marks();
    const attempt = backend.provision({
      spec: { offeringId: 'o', sshPublicKeys: [tenant.publicKey] },
      marks: own,
      signal: controller.signal,
      onStep: () => undefined,
    });
    await expect(attempt).rejects.toThrow('called off');
    expect(await backend.find(own.contractId)).toBeUndefined();
  });

  test('a port that another program takes between its choice and its use is given up for the next one', async () => {
    const port = firstPort;
    const raced = newBackend('raced');
    await raced.start();
    const own = marks();
    const thief = createServer();
    try {
      const listening = once(thief, 'listening');
      const { instance, credential } = await provision(own, [tenant.publicKey], raced, (step) => {
        if (step === 'serve') thief.listen(port, '127.0.0.1');
      });
      await listening;
      expect([instance.sshPort, credential.port]).toEqual([port + 1, port + 1]);
      expect((await ssh({ port: port + 1, key: tenant }, 'true')).code).toBe(0);
      expect((await provision(marks(), [tenant.publicKey], raced)).instance.sshPort).toBe(port + 2);
      expect((await provision(own, [tenant.publicKey], raced)).instance).toEqual(instance);
    } finally {
      thief.close();
      await raced.close();
    }
  });

  test('a machine whose port another program had is served once it is free, with the keys that it has by then', async () => {
    const first = newBackend('taken');
    await first.start();
    const own = marks();
    const one = await provision(own, [tenant.publicKey], first);
    const two = await provision(marks(), [tenant.publicKey], first);
    const three = await provision(marks(), [tenant.publicKey], first);
    await first.close();
    const thieves = await Promise.all(
      [one, three].map(async ({ instance }) => {
        const thief = createServer().listen(instance.sshPort, '127.0.0.1');
        await once(thief, 'listening');
        return thief;
      }),
    );
    const seen: unknown[] = [];
    const second = new LocalBackend({
      folder: join(folder, 'taken'),
      portRangeStart: 1,
      portRangeEnd: 1,
      maxMachines: 10,
      onFault: (error) => void seen.push(error),
    });
    try {
      await second.start();
      expect(seen).toEqual([expect.any(BackendError), expect.any(BackendError)]);
      expect((await ssh({ port: two.instance.sshPort, key: tenant }, 'true')).code).toBe(0);
      const powers = Object.fromEntries(
        (await second.list()).map(({ externalId, power }) => [externalId, power]),
      );
      expect(powers).toEqual({
        [one.instance.externalId]: 'unknown',
        [two.instance.externalId]: 'running',
        [three.instance.externalId]: 'unknown',
      });
      await second.setAuthorizedKeys(one.instance.externalId, [stranger.publicKey]);
      await second.terminate(three.instance.externalId);
      for (const thief of thieves) thief.close();
      await eventually(async () => (await second.find(own.contractId))?.power === 'running');
      expect((await ssh({ port: one.instance.sshPort, key: stranger }, 'true')).code).toBe(0);
      expect((await ssh({ port: one.instance.sshPort, key: tenant }, 'true')).code).toBe(255);
      expect((await ssh({ port: three.instance.sshPort, key: tenant }, 'true')).stderr).toContain('refused');
      expect(seen).toHaveLength(2);
    } finally {
      for (const thief of thieves) thief.close();
      await second.close();
    }
  });
});
