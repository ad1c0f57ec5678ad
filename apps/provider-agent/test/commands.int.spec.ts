import { existsSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keyPairFromSeed } from '@decent-cloud/identity';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { loadConfig } from '../src/config/load-config.ts';
import type { FakeAgent, FakePlatform } from './fake-platform.ts';
import { jsonOf, startProgram } from './program.ts';
import { Scene } from './scene.ts';

jest.setTimeout(120_000);

let scene: Scene;
let platform: FakePlatform;
let known: FakeAgent;
let folder: string;
let config: string;

const dcAgent = (...args: string[]) => startProgram(args, { home: folder }).ended;
const withConfig = (...args: string[]) => dcAgent('--config', config, ...args);
const setup = (...more: string[]) =>
  dcAgent(
    ...['setup', 'token', '--token', 'apt_europe_1', '--api-url', platform.url, '--output', config],
    ...['--data-dir', join(folder, 'data'), '--key-file', join(folder, 'agent.key'), '--non-interactive'],
    ...more,
  );

beforeAll(async () => {
  scene = await Scene.begin();
  ({ platform, folder } = scene);
  config = join(folder, 'dc-agent.toml');
  known = await platform.newAgent();
  const seed = Buffer.from(known.agent.rawSeed).toString('hex');
  await writeFile(join(folder, 'agent.key'), `${seed}\n`, { mode: 0o600 });
});
afterAll(() => scene?.end());

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
    const options = ['--provisioner', type, '--port-range', '23000-23009', '--output', output, '--force'];
    const ended = await setup(...options);
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect((await loadConfig(output)).provisioner).toMatchObject({
      type,
      settings: { port_range_start: 23_000, port_range_end: 23_009 },
    });
  }
  const before = await readFile(output, 'utf8');
  for (const wrong of ['23000', '23009-23000', '0-10', '23000-65536', 'a-b']) {
    const options = ['--provisioner', 'local', '--port-range', wrong, '--output', output, '--force'];
    expect(await setup(...options)).toMatchObject({ code: 2, err: expect.stringContaining(wrong) });
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
  expect(jsonOf(await withConfig('status', '--json'))).toMatchObject({
    running: false,
    machines: [],
  });
  const wanted = scene.wanted();
  const { contractId } = wanted;
  const { lines, ...service } = startProgram(['--config', config, 'run'], { home: folder });
  try {
    await platform.command(known, 'provision', wanted).send();
    await scene.provisioned(wanted, 30_000);
    const shown = await eventually(async () => {
      const status = jsonOf(await withConfig('status', '--json'));
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
  const after = jsonOf(await withConfig('status', '--json'));
  expect(after).toMatchObject({
    running: false,
    machinesServed: false,
    machines: [{ contractId, phase: 'running' }],
  });
});

test('a process that was turned away says why, does nothing, and works when the other one is gone; the last word is that it leaves', async () => {
  const said = (text: string) => lines.some((line) => line.includes(text));
  const beats = () => scene.beatsOf({ known });
  platform.heldBy = 'alpha';
  const lastReporter = () =>
    (platform.events.at(-1)?.event as { instanceId?: string } | undefined)?.instanceId;
  const before = beats().length;
  const { lines, ...service } = startProgram(['--config', config, 'run'], { home: folder });
  try {
    await eventually(() => said('ANOTHER PROCESS ACTS AS THIS AGENT') && said('on the host "alpha"'));
    // It is written a moment later.
    await eventually(
      async () => {
        const { connection } = jsonOf(await withConfig('status', '--json'));
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
  const mine = beats().slice(before);
  expect(new Set(mine.map((beat) => beat.instanceId))).toEqual(new Set([instanceId]));
  expect(lastReporter()).toBe(instanceId);
});

test('run --check: everything is tried, nothing is started, and each fault has its exit code', async () => {
  const site = await scene.newSite();
  await rm(site.dataDir, { recursive: true });
  const good = await site.run('run', '--check', '--json');
  expect(good.code).toBe(0);
  expect(jsonOf(good).checks.map(({ id, status }: { id: string; status: string }) => [id, status])).toEqual([
    ['config', 'ok'],
    ['key', 'ok'],
    ['session', 'ok'],
    ['broker', 'ok'],
    ['backend', 'ok'],
  ]);
  expect(existsSync(site.dataDir)).toBe(false);

  platform.refuses = true;
  try {
    expect((await site.run('run', '--check')).code).toBe(4);
  } finally {
    platform.refuses = false;
  }
  await site.writeConfig(platform.url, { nats: '[nats]\nurls = ["nats://127.0.0.1:1"]' });
  const noBroker = await site.run('run', '--check');
  expect(noBroker).toMatchObject({ code: 5, err: expect.stringContaining('broker') });
  expect(noBroker.out).toMatch(/^ok +session/m);
  await site.writeConfig('http://127.0.0.1:1');
  expect((await site.run('run', '--check')).code).toBe(5);
  await site.writeConfig(platform.url, {
    provisioner:
      '[provisioner]\ntype = "docker"\n[provisioner.docker]\nsocket_path = "/nowhere/docker.sock"\n',
  });
  expect(await site.run('run', '--check')).toMatchObject({
    code: 6,
    err: expect.stringContaining('backend'),
  });
  await site.writeConfig(platform.url, { agent: 'max_parallel_provisions = 0' });
  expect((await site.run('run', '--check')).code).toBe(3);
});
