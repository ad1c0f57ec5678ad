import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Advice } from '../install/install.mjs';
import { loadSecrets } from './secrets.mjs';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dc-secrets-'));
  file = join(folder, 'secrets.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function haveDatabase(): Promise<void> {
  await mkdir(join(folder, 'postgres'));
  await writeFile(join(folder, 'postgres/PG_VERSION'), '18\n');
}

test('are made once, for their owner only', async () => {
  const first = await loadSecrets(folder);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await haveDatabase();
  expect(await loadSecrets(folder)).toEqual(first);
});

test('what a newer version needs more is added', async () => {
  const { platformSigningSeed, hubUserSeeds, ...others } = await loadSecrets(folder);
  const { contracts, ...otherUsers } = hubUserSeeds;
  await writeFile(file, JSON.stringify({ ...others, platformSigningSeed, hubUserSeeds: otherUsers }));
  await haveDatabase();
  const again = await loadSecrets(folder);
  expect(again).toMatchObject({ ...others, platformSigningSeed });
  expect(again.hubUserSeeds).toEqual({ ...otherUsers, contracts: expect.stringMatching(/^SU/) });
  expect(again.hubUserSeeds.contracts).not.toBe(contracts);
});

test('no new ones beside data that they would not open', async () => {
  await haveDatabase();
  await expect(loadSecrets(folder)).rejects.toThrow(Advice);
  await expect(loadSecrets(folder)).rejects.toThrow(/secrets\.json is missing.*backup.*mv /s);
  await expect(readFile(file)).rejects.toThrow('ENOENT');
});

test.each([
  ['cut short', (text: string) => text.slice(0, 200)],
  ['empty', () => ''],
  ['something else', () => 'null'],
  ['without its first members', () => '{}'],
])('a file that is %s is left as it is, and said', async (_what, change) => {
  const damaged = change(JSON.stringify(await loadSecrets(folder)));
  await writeFile(file, damaged);
  await expect(loadSecrets(folder)).rejects.toThrow(Advice);
  await expect(loadSecrets(folder)).rejects.toThrow(/was cut short or changed.*backup/s);
  expect(await readFile(file, 'utf8')).toBe(damaged);
});
