import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from './config-error.ts';
import { environmentOf } from './environment.ts';
import { loadConfig } from './load-config.ts';

let folder: string;
let file: string;
const SEED = `${'00'.repeat(31)}aa`;
const API = `[api]\nendpoint = "http://127.0.0.1:8080/"\nprovider_pubkey = "${'ab'.repeat(32)}"\n`;
const KEY = `agent_secret_key = "${SEED}"\n`;
const LOCAL = '[provisioner]\ntype = "local"\n';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dc-config-'));
  file = join(folder, 'dc-agent.toml');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function load(text: string, env: NodeJS.ProcessEnv = {}, mode = 0o600) {
  await writeFile(file, text);
  await chmod(file, mode);
  return loadConfig(file, env);
}
async function faults(text: string, env: NodeJS.ProcessEnv = {}, mode?: number): Promise<readonly string[]> {
  try {
    await load(text, env, mode);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

test('the least that a file must say', async () => {
  const config = await load(`${API}${KEY}[agent]\ndata_dir = "state"\n${LOCAL}`);
  expect(config).toMatchObject({
    environment: 'dev',
    isProduction: false,
    seedHex: SEED,
    dataDir: join(folder, 'state'),
    journalPath: join(folder, 'state', 'journal.db'),
    maxParallelProvisions: 4,
    provisioner: { type: 'local', settings: { port_range_start: 22_000, max_machines: 50 } },
    warnings: [],
  });
  expect(config.api.endpoint).toBe('http://127.0.0.1:8080');
});

test('every unknown key is named with its table', async () => {
  expect(
    await faults(
      `surprise = 1\n${API}${KEY}colour = "red"\n[provisioner]\ntype = "local"\n[provisioner.local]\nports = 1\n`,
    ),
  ).toEqual(
    expect.arrayContaining(['unknown key "surprise" in the top level', 'unknown key "colour" in [api]']),
  );
  expect(await faults(`${API}${KEY}${LOCAL}[provisioner.local]\nports = 1\n`)).toEqual([
    'unknown key "ports" in [provisioner.local]',
  ]);
  expect(await faults(`${API}${KEY}[polling]\nevery = 3\n${LOCAL}`)).toEqual([
    'unknown key "every" in [polling]',
  ]);
});

test('all placeholders are named at once, and no values', async () => {
  const found = await faults(
    `[api]\nendpoint = "https://your-api.org"\nprovider_pubkey = "${'ab'.repeat(32)}"\n${KEY}` +
      '[provisioner]\ntype = "proxmox"\n[provisioner.proxmox]\napi_url = "https://YOUR-PROXMOX-HOST:8006"\n' +
      'api_token_id = "a@b!c"\napi_token_secret = "secret-changeme"\nnode = "pve"\ntemplate_vmid = 9000\n',
  );
  expect(found).toEqual([
    'api.endpoint still holds the placeholder YOUR-API',
    'provisioner.proxmox.api_url still holds the placeholder YOUR-PROXMOX-HOST',
    'provisioner.proxmox.api_token_secret still holds the placeholder CHANGEME',
  ]);
});

test('the key comes as hex, from a file by its path or reference, or from the environment', async () => {
  await writeFile(join(folder, 'agent.key'), `${SEED}\n`, { mode: 0o600 });
  for (const value of [SEED, 'agent.key', join(folder, 'agent.key'), 'file:agent.key', 'env:AGENT_KEY']) {
    const config = await load(`${API}agent_secret_key = "${value}"\n${LOCAL}`, { AGENT_KEY: SEED });
    expect(config.seedHex).toBe(SEED);
  }
  expect(await faults(`${API}agent_secret_key = "env:NOT_THERE"\n${LOCAL}`)).toEqual([
    'api.agent_secret_key: the environment has no NOT_THERE',
  ]);
  expect(await faults(`${API}agent_secret_key = "nowhere.key"\n${LOCAL}`)).toEqual([
    expect.stringContaining('cannot be read (ENOENT)'),
  ]);
  expect(await faults(`${API}${LOCAL}`)).toEqual([
    'api: Either agent_secret_key or provider_secret_key must be configured',
  ]);
});

test('files with secrets that others may read are refused; a file that only names them is not', async () => {
  expect(await faults(`${API}${KEY}${LOCAL}`, {}, 0o644)).toEqual([expect.stringContaining('chmod 600')]);
  await writeFile(join(folder, 'agent.key'), SEED, { mode: 0o600 });
  expect(await faults(`${API}agent_secret_key = "agent.key"\n${LOCAL}`, {}, 0o644)).toEqual([]);
  await chmod(join(folder, 'agent.key'), 0o640);
  expect(await faults(`${API}agent_secret_key = "agent.key"\n${LOCAL}`)).toEqual([
    expect.stringContaining('chmod 600'),
  ]);
});

test('old flat keys are taken, and left out with a warning when a table is there', async () => {
  const flat = '[provisioner]\ntype = "digitalocean"\napi_token = "t"\ndo_region = "ams3"\n';
  const config = await load(`${API}${KEY}${flat}`);
  expect(config.provisioner.settings).toMatchObject({ api_token: 't', default_region: 'ams3' });
  const both = await load(`${API}${KEY}${flat}[provisioner.digitalocean]\napi_token = "u"\n`);
  expect(both.provisioner.settings).toMatchObject({ api_token: 'u', default_region: 'nyc3' });
  expect(both.warnings).toEqual([expect.stringContaining('do_region')]);
});

test('a second provisioner of a type is left out with a warning', async () => {
  const config = await load(`${API}${KEY}${LOCAL}[[additional_provisioners]]\ntype = "local"\n`);
  expect(config.additionalProvisioners).toEqual([]);
  expect(config.warnings).toEqual([expect.stringContaining('second provisioner of type local')]);
});

test('broken TOML and missing files are said in a sentence', async () => {
  expect(await faults('[api\n')).toEqual([expect.stringMatching(/line 1: /)]);
  await expect(loadConfig(join(folder, 'none.toml'), {})).rejects.toThrow('does not exist');
});

test.each([
  ['http://localhost:3000', 'dev'],
  ['http://127.0.0.1', 'dev'],
  ['https://dev-api.decent-cloud.org', 'dev'],
  ['https://api.dev.decent-cloud.org', 'dev'],
  ['https://api.decent-cloud.org', 'prod'],
  ['https://devices.org', 'prod'],
  ['https://my-platform.net', 'prod'],
])('%s is %s', (endpoint, environment) => {
  expect(environmentOf(endpoint)).toBe(environment);
});

test('a number above 2^53 is a fault of its own setting, and none where it does not count', async () => {
  const beside = `${LOCAL}note = 9007199254740993\n[provisioner.local]\nmax_machines = 5\n`;
  expect((await load(`${API}${KEY}${beside}`)).provisioner.settings).toMatchObject({ max_machines: 5 });
  const [fault, ...more] = await faults(`${API}${KEY}${LOCAL}max_machines = 9007199254740993\n`);
  expect(fault).toMatch(/^provisioner\.max_machines: /);
  expect(more).toEqual([]);
});

test.each(['2026-02-30', '2026-04-31T10:00:00Z', '2026-02-28'])(
  '%s is refused: no setting is a date',
  async (date) => {
    const beside = `${LOCAL}note = ${date}\n[provisioner.local]\nmax_machines = 5\n`;
    expect(await faults(`${API}${KEY}${beside}`)).toEqual([
      'provisioner.note: a date is no setting; text is written in quotes',
    ]);
  },
);
