import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { ServiceHost } from '../service/host.ts';
import { UNIT_MARK } from '../service/unit.ts';
import { installService, uninstallService } from './install-service.ts';

let folder: string;
let config: string;

/** A host whose files and systemd are kept in memory. */
function newHost(over: Partial<ServiceHost> = {}) {
  const files = new Map<string, string>();
  const calls: string[] = [];
  const owners = new Map<string, number>();
  const made: string[] = [];
  const host: ServiceHost = {
    unitFolder: '/units',
    uid: 0,
    program: async () => ['/usr/local/bin/dc-agent'],
    hasSystemd: async () => true,
    systemctl: async (...args) => void calls.push(args.join(' ')),
    uidOf: async (user) => (user === 'dc' ? 900 : undefined),
    realOf: async (path) => (path === '/srv/dc' && !owners.has(path) ? undefined : path),
    foreignIn: async (path, uid) =>
      [...owners].find(
        ([file, owner]) => owner !== uid && (file === path || file.startsWith(`${path}/`)),
      )?.[0],
    mayUse: async () => true,
    makeFolder: async (path, uid) => void made.push(`${path} of ${uid}`),
    read: async (path) => files.get(path),
    write: async (path, text) => void files.set(path, text),
    remove: async (path) => void files.delete(path),
    ...over,
  };
  return { host, files, calls, owners, made };
}
const UNIT = '/units/dc-agent.service';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dc-install-'));
  config = join(folder, 'dc-agent.toml');
  await writeFile(
    config,
    `[api]\nendpoint = "http://localhost:1"\nprovider_pubkey = "${'ab'.repeat(32)}"\nagent_secret_key = "${'01'.repeat(32)}"\n` +
      `[agent]\ndata_dir = "/srv/dc"\n[provisioner]\ntype = "docker"\n`,
    { mode: 0o600 },
  );
  jest.spyOn(console, 'log').mockReturnValue(undefined);
  jest.spyOn(console, 'error').mockReturnValue(undefined);
});
afterAll(async () => {
  jest.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

test('the unit is written, enabled and started; the same again changes nothing; another one is restarted into effect', async () => {
  const { host, files, calls, owners } = newHost();
  await installService(config, {}, host);
  const first = files.get(UNIT);
  expect(first).toContain(`ExecStart=/usr/local/bin/dc-agent --config ${config} run`);
  expect(calls.splice(0)).toEqual(['daemon-reload', 'enable dc-agent.service', 'restart dc-agent.service']);
  await installService(config, {}, host);
  expect(files.get(UNIT)).toBe(first);
  expect(calls.splice(0)).toEqual(['daemon-reload', 'enable dc-agent.service', 'start dc-agent.service']);
  for (const path of [config, '/srv/dc']) owners.set(path, 900);
  await installService(config, { user: 'dc' }, host);
  expect(files.get(UNIT)).toContain('User=dc\n');
  expect(calls).toEqual(['daemon-reload', 'enable dc-agent.service', 'restart dc-agent.service']);
});

test('uninstalling takes it away once, and then there is nothing to do', async () => {
  const { host, files, calls } = newHost();
  await installService(config, {}, host);
  calls.length = 0;
  await uninstallService({}, host);
  expect([...files.keys()]).toEqual([]);
  expect(calls.splice(0)).toEqual(['disable --now dc-agent.service', 'daemon-reload']);
  await uninstallService({}, host);
  expect(calls).toEqual([]);
});

test.each([
  ['without root', { uid: 1000 }, {}, 1, 'needs root'],
  ['without systemd', { hasSystemd: async () => false }, {}, 1, 'systemd does not run'],
  ['for a user who is not there', {}, { user: 'nobody-here' }, 1, 'there is no user'],
  ['for a name that is none', {}, { user: 'a b' }, 2, 'no name of a user'],
  [
    'where the user cannot read the configuration',
    { foreignIn: async (path: string, uid: number) => (uid === 900 ? path : undefined) },
    { user: 'dc' },
    3,
    'chown',
  ],
  [
    'where root does not own it',
    { foreignIn: async (path: string, uid: number) => (uid === 0 ? path : undefined) },
    {},
    3,
    'chown',
  ],
  ['over the unit of somebody else', { read: async () => '[Unit]\n' }, {}, 1, 'somebody else'],
] as const)('%s it is refused, and nothing is written', async (_, over, options, exitCode, text) => {
  const { host, files, calls, made } = newHost(over as Partial<ServiceHost>);
  await expect(installService(config, options, host)).rejects.toMatchObject({
    exitCode,
    message: expect.stringContaining(text),
  });
  expect([...files.keys(), ...calls, ...made]).toEqual([]);
});

test('whatever the user does not own or cannot reach is named with what to do about it', async () => {
  const { host, calls, owners } = newHost({
    mayUse: async (_, path) => !['/usr/local', folder].includes(path),
  });
  owners.set('/srv/dc', 900).set('/srv/dc/machines/a/home/.cache', 0).set(config, 0);
  await expect(installService(config, { user: 'dc' }, host)).rejects.toMatchObject({
    message: `the service would run as dc, who
- does not own ${config}, /srv/dc/machines/a/home/.cache: chown -R dc ${config} /srv/dc
- cannot pass ${folder}: chmod o+x ${folder}, or keep ${config} somewhere else
- cannot pass /usr/local: chmod o+x /usr/local, or keep /usr/local/bin/dc-agent somewhere else`,
  });
  expect(calls).toEqual([]);
});

test('paths are words of the shell, and names of tenants say nothing to the terminal', async () => {
  const spaced = join(folder, "it's spaced.toml");
  await writeFile(spaced, await readFile(config, 'utf8'), { mode: 0o600 });
  const { host, owners } = newHost();
  owners.set('/srv/dc', 900).set('/srv/dc/m/\u001b]0;x\n', 0).set(spaced, 0);
  await expect(installService(spaced, { user: 'dc' }, host)).rejects.toThrow(
    `does not own ${spaced}, /srv/dc/m/?]0;x?: chown -R dc '${folder}/it'\\''s spaced.toml' /srv/dc`,
  );
});

test('nobody is told to give away a folder of the host', async () => {
  const shared = join(folder, 'shared.toml');
  const text = await readFile(config, 'utf8');
  await writeFile(shared, text.replace('data_dir = "/srv/dc"', 'data_dir = "/srv"'), { mode: 0o600 });
  const { host, owners } = newHost();
  owners.set('/srv', 0);
  await expect(installService(shared, { user: 'dc' }, host)).rejects.toThrow(/deeper than \/srv/);
  await writeFile(shared, text.replace('[agent]', '[agent]\njournal_path = "/var/lib/dc.journal"'));
  owners.clear();
  const closed = { ...host, mayUse: async (_: string, path: string) => path !== '/var/lib' };
  await expect(installService(shared, { user: 'dc' }, closed)).rejects.toThrow(
    /^(?!.*chown).*cannot write the journal to \/var\/lib: name a folder of its own/s,
  );
});

test('a data folder that is not there is made for the user: the service itself could not', async () => {
  const { host, made } = newHost();
  await installService(config, { user: 'dc' }, host);
  expect(made).toEqual(['/srv/dc of 900']);
});

test('what somebody else wrote is removed or replaced only when told so', async () => {
  const { host, files, calls } = newHost();
  files.set(UNIT, '[Unit]\n');
  await expect(uninstallService({}, host)).rejects.toThrow('somebody else');
  expect(calls).toEqual([]);
  await installService(config, { force: true }, host);
  expect(files.get(UNIT)).toContain(UNIT_MARK);
});

test('a dry run needs no root and changes nothing', async () => {
  const { host, files, calls } = newHost({ uid: 1000, hasSystemd: async () => false });
  await installService(config, { dryRun: true }, host);
  await uninstallService({ dryRun: true }, host);
  expect([...files.keys(), ...calls]).toEqual([]);
});
