import { mkdtemp, rm, writeFile } from 'node:fs/promises';
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
  const host: ServiceHost = {
    unitFolder: '/units',
    uid: 0,
    program: async () => ['/usr/local/bin/dc-agent'],
    hasSystemd: async () => true,
    systemctl: async (...args) => void calls.push(args.join(' ')),
    uidOf: async (user) => (user === 'dc' ? 900 : undefined),
    ownerOf: async (path) => owners.get(path),
    read: async (path) => files.get(path),
    write: async (path, text) => void files.set(path, text),
    remove: async (path) => void files.delete(path),
    ...over,
  };
  return { host, files, calls, owners };
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
    { ownerOf: (): Promise<number> => Promise.resolve(0) },
    { user: 'dc' },
    3,
    'chown',
  ],
  ['where root does not own it', { ownerOf: (): Promise<number> => Promise.resolve(900) }, {}, 3, 'chown'],
  ['over the unit of somebody else', { read: async () => '[Unit]\n' }, {}, 1, 'somebody else'],
] as const)('%s it is refused, and nothing is written', async (_, over, options, exitCode, text) => {
  const { host, files, calls } = newHost(over as Partial<ServiceHost>);
  await expect(installService(config, options, host)).rejects.toMatchObject({
    exitCode,
    message: expect.stringContaining(text),
  });
  expect([...files.keys(), ...calls]).toEqual([]);
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
