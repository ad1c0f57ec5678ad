import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { keyPairFromSeed } from '@decent-cloud/identity';
import { eventually, GuardedProcess } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { loadConfig } from '../src/config/load-config.ts';
import { type FakeAgent, FakePlatform, nowNs } from './fake-platform.ts';
import { newSshKey } from './ssh.ts';

jest.setTimeout(60_000);

const program = fileURLToPath(new URL('../src/main.ts', import.meta.url));
let folder: string;
let platform: FakePlatform;
let known: FakeAgent;
let config: string;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(
  args: readonly string[],
  onLine?: (line: string) => void,
): { process: GuardedProcess; ended: Promise<Ended> } {
  const out: string[] = [];
  const err: string[] = [];
  const { PATH = '' } = process.env;
  const child = GuardedProcess.start({
    command: process.execPath,
    args: ['--conditions=source', '--experimental-transform-types', '--no-warnings', program, ...args],
    env: { PATH, HOME: folder },
    onLine: (line, from) => {
      (from === 'stdout' ? out : err).push(line);
      onLine?.(line);
    },
  });
  const ended = child.exited.then(({ code }) => ({ code, out: out.join('\n'), err: err.join('\n') }));
  return { process: child, ended };
}
const dcAgent = (...args: string[]) => start(args).ended;
const withConfig = (...args: string[]) => dcAgent('--config', config, ...args);
const setup = (...more: string[]) =>
  dcAgent(
    ...['setup', 'token', '--token', 'apt_europe_1', '--api-url', platform.url, '--output', config],
    ...[
      '--data-dir',
      join(folder, 'data'),
      '--key-file',
      join(folder, 'agent.key'),
      '--non-interactive',
      ...more,
    ],
  );

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dc-commands-'));
  config = join(folder, 'dc-agent.toml');
  platform = await FakePlatform.start();
  known = await platform.newAgent();
  const seed = Buffer.from(known.agent.rawSeed).toString('hex');
  await writeFile(join(folder, 'agent.key'), `${seed}\n`, { mode: 0o600 });
});

afterAll(async () => {
  await platform?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('setup with a token writes a configuration that can be used, once', async () => {
  const first = await setup('--provisioner', 'local');
  expect(first).toMatchObject({ code: 0, err: '' });
  const text = await readFile(config, 'utf8');
  expect(text).toContain(`platform_public_key = "${platform.keys.publicKeyHex}"`);
  expect(text).not.toContain(Buffer.from(known.agent.rawSeed).toString('hex'));
  // The whole folder can be moved.
  expect(text).not.toContain(folder);
  expect((await stat(config)).mode & 0o777).toBe(0o600);
  const checked = await withConfig('config', 'check', '--json');
  expect(JSON.parse(checked.out)).toMatchObject({
    agent: known.agent.publicKeyHex,
    provisioner: 'local',
    environment: 'dev',
    platformKey: platform.keys.publicKeyHex,
  });
  expect(await setup('--provisioner', 'local')).toMatchObject({
    code: 2,
    err: expect.stringContaining('--force'),
  });
  expect(await setup('--provisioner', 'local', '--force')).toMatchObject({ code: 0 });
});

test('setup takes the ports of the machines, and refuses what is no range before the token is spent', async () => {
  const output = join(folder, 'ports.toml');
  for (const type of ['local', 'docker']) {
    const ended = await setup(
      '--provisioner',
      type,
      '--port-range',
      '23000-23009',
      '--output',
      output,
      '--force',
    );
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect((await loadConfig(output)).provisioner).toMatchObject({
      type,
      settings: { port_range_start: 23_000, port_range_end: 23_009 },
    });
  }
  const before = await readFile(output, 'utf8');
  for (const wrong of ['23000', '23009-23000', '0-10', '23000-65536', 'a-b']) {
    expect(
      await setup('--provisioner', 'local', '--port-range', wrong, '--output', output, '--force'),
    ).toMatchObject({
      code: 2,
      err: expect.stringContaining(wrong),
    });
  }
  const others = await setup('--provisioner', 'manual', '--port-range', '23000-23009', '--force');
  expect(others).toMatchObject({ code: 2, err: expect.stringContaining('local or docker') });
  expect(await readFile(output, 'utf8')).toBe(before);
  // Its pool says what it makes.
  expect(await setup('--port-range', '23000-23009', '--output', output, '--force')).toMatchObject({
    code: 0,
  });
  expect((await loadConfig(output)).provisioner).toMatchObject({
    type: 'local',
    settings: { port_range_start: 23_000, port_range_end: 23_009 },
  });
});

test('a key that is not there is made, for its owner only', async () => {
  const keyFile = join(folder, 'new', 'agent.key');
  const output = join(folder, 'new', 'dc-agent.toml');
  const made = await setup('--key-file', keyFile, '--output', output);
  expect(made).toMatchObject({ code: 0, err: '' });
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  const publicKey = (await readFile(join(folder, 'new', 'agent.pub'), 'utf8')).trim();
  expect(keyPairFromSeed((await readFile(keyFile, 'utf8')).trim()).publicKeyHex).toBe(publicKey);
});

test('wrong usage, wrong files and unreachable platforms have their exit codes', async () => {
  expect((await dcAgent('dance')).code).toBe(2);
  expect((await dcAgent('setup', 'token')).code).toBe(2);
  expect((await dcAgent('--config', join(folder, 'none.toml'), 'run')).code).toBe(3);
  const production = ['--api-url', 'https://api.decent-cloud.org', '--provisioner', 'local', '--force'];
  expect(await setup(...production)).toMatchObject({ code: 2, err: expect.stringContaining('production') });
  expect((await setup('--api-url', 'http://127.0.0.1:1', '--force')).code).toBe(5);
});

// Where systemd would really get a service, nothing of the kind is tried.
const whereItIsRefused = existsSync('/run/systemd/system') && process.getuid?.() === 0 ? test.skip : test;
whereItIsRefused('setup that cannot install the service is refused before the token is spent', async () => {
  const output = join(folder, 'service', 'dc-agent.toml');
  const ended = await setup('--install-service', 'true', '--output', output);
  expect(ended).toMatchObject({ code: 1, err: expect.stringMatching(/needs root|systemd does not run/) });
  expect(existsSync(output)).toBe(false);
  expect((await setup('--install-service', 'perhaps', '--output', output)).code).toBe(2);
  const dry = await withConfig('install-service', '--dry-run');
  expect(dry).toMatchObject({ code: 0, out: expect.stringContaining(`--config ${config} run`) });
});

test.each(['prod', 'production'])('local machines are refused in the environment %s', async (environment) => {
  const file = join(folder, `${environment}.toml`);
  const text = (await readFile(config, 'utf8')).replace('[agent]', `[agent]\nenvironment = "${environment}"`);
  await writeFile(file, text, { mode: 0o600 });
  const ended = await dcAgent('--config', file, 'run');
  expect(ended).toMatchObject({ code: 3, err: expect.stringContaining('no isolation') });
});

test('doctor looks at everything, with a machine that is signed in to and removed', async () => {
  const ended = await withConfig('doctor', '--json');
  const checks = JSON.parse(ended.out) as { id: string; status: string }[];
  expect(ended.code).toBe(0);
  const found = Object.fromEntries(checks.map(({ id, status }) => [id, status]));
  expect(found).toMatchObject({
    file: 'ok',
    key: 'ok',
    journal: 'ok',
    disk: 'ok',
    isolation: 'warn',
    'test-provision': 'ok',
    api: 'ok',
    session: 'ok',
    clock: 'ok',
    broker: 'ok',
  });
  platform.refuses = true;
  try {
    const refused = await withConfig('doctor', '--no-test-provision');
    expect(refused.code).toBe(1);
    expect(refused.out).toMatch(/\[FAILED\] platform\/session/);
    expect((await withConfig('doctor', '--no-test-provision', '--no-verify-api')).code).toBe(0);
  } finally {
    platform.refuses = false;
  }
});

test('test-provision makes a machine, signs in and removes it', async () => {
  const ended = await withConfig('test-provision', '--contract-id', 'test-1');
  expect(ended.code).toBe(0);
  expect(ended.out).toMatch(/signed in: Linux/);
  expect(ended.out).toMatch(/removed: dc-test-1-g1/);
});

test('run serves, status shows it, SIGTERM ends it cleanly and the machine stays', async () => {
  expect(JSON.parse((await withConfig('status', '--json')).out)).toMatchObject({
    running: false,
    machines: [],
  });
  const key = await newSshKey(folder, 'tenant');
  const contractId = randomBytes(32).toString('hex');
  const lines: string[] = [];
  const service = start(['--config', config, 'run'], (line) => void lines.push(line));
  try {
    await platform
      .command(known, 'provision', {
        contractId,
        generation: 1,
        desired: 'running',
        deadlineNs: (nowNs() + 600_000_000_000n).toString(),
        spec: { offeringId: 'small', sshPublicKeys: [key.publicKey] },
        encryptionPublicKeys: [],
      })
      .send();
    await platform.eventOf(contractId, 'provisioned', 30_000);
    const shown = await eventually(async () => {
      const status = JSON.parse((await withConfig('status', '--json')).out);
      return status.activeContracts === 1 && status;
    });
    expect(shown).toMatchObject({
      running: true,
      connection: { state: 'connected', url: expect.any(String) },
      pendingEvents: 0,
      freeSlots: 49,
      machines: [{ contractId, generation: 1, phase: 'running' }],
    });
    expect((await withConfig('run')).err).toContain('runs already');
  } catch (error) {
    throw new Error(lines.join('\n'), { cause: error });
  } finally {
    await service.process.end('SIGTERM');
  }
  expect(await service.ended).toMatchObject({ code: 0, err: '' });
  const after = JSON.parse((await withConfig('status', '--json')).out);
  expect(after).toMatchObject({
    running: false,
    machinesServed: false,
    machines: [{ contractId, phase: 'running' }],
  });
});

test('a process that was turned away says why, does nothing, and works when the other one is gone; the last word is that it leaves', async () => {
  const said = (text: string) => lines.some((line) => line.includes(text));
  const beats = () =>
    platform.heartbeats.filter(({ agentPublicKey }) => agentPublicKey === known.agent.publicKeyHex);
  platform.heldBy = 'alpha';
  const lastReporter = () =>
    (platform.events.at(-1)?.event as { instanceId?: string } | undefined)?.instanceId;
  const before = beats().length;
  const lines: string[] = [];
  const service = start(['--config', config, 'run'], (line) => void lines.push(line));
  try {
    await eventually(() => said('ANOTHER PROCESS ACTS AS THIS AGENT') && said('on the host "alpha"'));
    // It is written a moment later.
    await eventually(
      async () => {
        const { connection } = JSON.parse((await withConfig('status', '--json')).out);
        return connection.lastError?.includes('"alpha"') === true;
      },
      { deadlineMs: 30_000 },
    );
    expect((await withConfig('orphans', 'list', '--json')).code).toBe(0);
    expect(beats()).toHaveLength(before);
    platform.heldBy = undefined;
    await eventually(() => beats().length > before, { deadlineMs: 60_000 });
    // What it reports of its machines comes after that.
    await eventually(() => lastReporter() === beats().at(-1)?.instanceId, { deadlineMs: 60_000 });
  } catch (error) {
    throw new Error(lines.join('\n'), { cause: error });
  } finally {
    platform.heldBy = undefined;
    await service.process.end('SIGTERM');
  }
  const instances = platform.asked.flatMap((one) =>
    'instance' in one ? [one.instance as { instanceId: string }] : [],
  );
  const { instanceId } = instances.at(-1) as { instanceId: string };
  expect(beats().at(-1)).toMatchObject({ instanceId, leaving: true, freeSlots: 0 });
  expect(
    new Set(
      beats()
        .slice(before)
        .map((beat) => beat.instanceId),
    ),
  ).toEqual(new Set([instanceId]));
  expect(lastReporter()).toBe(instanceId);
});
