import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import {
  createTestDatabase,
  SpawnedService,
  serviceKeysFor,
  startTestNats,
  type TestDatabase,
  type TestNats,
} from '@decent-cloud/testing';

const ROOT = resolve(import.meta.dirname, '../../..');
let folder: string;
let nats: TestNats;
let database: TestDatabase;

/** What images hold, far from any node_modules but their own. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dc-images-'));
  [nats, database] = await Promise.all([
    startTestNats(),
    createTestDatabase(),
    promisify(execFile)(process.execPath, [join(ROOT, 'deploy/images/collect.mjs'), folder], {
      timeout: 60_000,
    }),
  ]);
}, 90_000);
afterAll(async () => {
  await Promise.all([nats?.stop(), database?.drop()]);
  await rm(folder, { recursive: true, force: true });
}, 30_000);

/** As its container runs it. */
async function start(name: string, env: Readonly<Record<string, string>> = {}): Promise<SpawnedService> {
  const service = await SpawnedService.start({
    name,
    script: 'main.mjs',
    cwd: join(folder, 'apps', name),
    env: {
      NATS_URL: nats.url,
      SERVICE_KEYS: serviceKeysFor(name as never),
      ENVIRONMENT: 'test',
      LOG_LEVEL: 'debug',
      ...env,
    },
  });
  return service;
}

test('a service migrates its database, finds all that it is made of, and is ready', async () => {
  const service = await start('payments', { DATABASE_URL: database.url });
  try {
    await service.ready();
    await service.line(/payments is ready \([1-9]\d* verbs, [1-9]\d* reactions, [1-9]\d* sweeps\)/);
  } finally {
    await service.stop();
  }
}, 60_000);

test('the gateway has its native verifier with it', async () => {
  const service = await start('gateway', { PORT: '0' });
  try {
    await service.line(/"verifier":"native"|gateway is ready/);
    expect(service.logs.join('\n')).not.toMatch(/portable/);
    expect(await readdir(join(folder, 'apps/gateway/node_modules'))).toContain('sodium-native');
  } finally {
    await service.stop();
  }
}, 60_000);

test('no image has packages beside its bundle, but native ones', async () => {
  const apps = await readdir(join(folder, 'apps'));
  expect(apps).toEqual(expect.arrayContaining(['contracts', 'gateway', 'cli', 'provider-agent']));
  const withPackages = apps.filter((app) => existsSync(join(folder, 'apps', app, 'node_modules')));
  expect(withPackages).toEqual(['gateway']);
});

test('the setup runs without packages and says what it can do', async () => {
  const setup = promisify(execFile)(process.execPath, ['main.mjs', 'nonsense'], {
    cwd: join(folder, 'setup'),
  });
  await expect(setup).rejects.toThrow(/say what to prepare: files or servers/);
}, 30_000);

test('an import that cannot be followed fails the build, by its file and line', async () => {
  const dist = join(folder, 'broken/apps/broken/dist');
  await mkdir(dist, { recursive: true });
  const entry = join(dist, 'main.js');
  await writeFile(entry, "import 'node:fs';\nimport './forgotten.js';\n");
  const program = { name: 'broken', entry, target: join(dist, '../bundle/main.js'), modules: [] };
  const output = execFileSync(process.execPath, [join(ROOT, 'tools/bundles/run.mjs')], {
    input: JSON.stringify([program]),
    encoding: 'utf8',
    timeout: 30_000,
  });
  const [{ error }] = JSON.parse(output);
  expect(error).toMatch(/Could not resolve '\.\/forgotten\.js' in .*broken\/dist\/main\.js/);
  expect(error).toMatch(/main\.js:2:/);
  expect(error).not.toMatch(/\n\s+at /);
}, 40_000);
