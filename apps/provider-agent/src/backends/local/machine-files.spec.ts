import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MachineFiles } from './machine-files.ts';

const isRoot = process.getuid?.() === 0;
const whereRoot = isRoot ? test : test.skip;
const NOBODY = 65_534;

let outside: string;
let files: MachineFiles;
const marks = (contractId: string) => ({
  contractId,
  generation: 1,
  environment: 'test',
  agent: 'a'.repeat(16),
});
const make = (contractId: string) => files.create(marks(contractId), 22_000, ['ssh-ed25519 AAAA']);

beforeEach(async () => {
  outside = await mkdtemp(join(tmpdir(), 'dc-files-'));
  await chmod(outside, 0o777);
  // Modes mean nothing to root.
  if (isRoot) process.seteuid?.(NOBODY);
  files = new MachineFiles(join(outside, 'machines'));
  await files.open();
});
afterEach(async () => {
  if (isRoot) process.seteuid?.(0);
  await rm(outside, { recursive: true, force: true });
});

whereRoot('what cannot be removed is not gone at the repeat either, and is listed until it is', async () => {
  const { externalId } = await make('c1');
  process.seteuid?.(0);
  await mkdir(join(files.homeOf(externalId), 'of-another'), { mode: 0o755 });
  await writeFile(join(files.homeOf(externalId), 'of-another', 'file'), '');
  process.seteuid?.(NOBODY);
  for (let attempt = 0; attempt < 2; attempt++) {
    expect(await files.remove(externalId)).toMatchObject({ first: expect.stringContaining('EACCES') });
  }
  const left = { externalId, marks: marks('c1'), why: expect.stringContaining('EACCES') };
  expect(await files.look()).toEqual({ machines: [], remains: [left] });

  const next = new MachineFiles(files.folder);
  await next.open();
  expect(await next.look()).toMatchObject({ machines: [], remains: [{ externalId, marks: marks('c1') }] });
  expect(await next.clear()).toEqual([left]);

  process.seteuid?.(0);
  expect(await next.remove(externalId)).toBeUndefined();
  expect(await readdir(files.folder)).toEqual([]);
  expect(await next.remove(externalId)).toBeUndefined();
});

test('a removal and a making that a crash interrupted go on', async () => {
  const { externalId } = await make('c1');
  await files.remove('half-made-ab');
  await mkdir(join(files.folder, '.gone-half-ab-01234567', 'home', 'x'), { recursive: true });
  await mkdir(join(files.folder, '.new-ab', 'home'), { recursive: true });
  const next = new MachineFiles(files.folder);
  await next.open();
  expect((await next.look()).remains.map((one) => one.externalId).sort()).toEqual([
    'half-ab',
    'half-made-ab',
  ]);
  expect(await next.clear()).toEqual([]);
  expect(await readdir(files.folder)).toEqual([externalId]);
});

test('whatever lies in the folder, machines are found, and the rest is named and can be removed', async () => {
  const kept = await make('kept');
  const spoilt = ['garbage', 'pipe', 'endless', 'copied', 'emptied', 'link'].map((name) => `dc-${name}-g1`);
  const description = (name: string) => join(files.folder, name, 'machine.json');
  for (const name of spoilt.slice(0, 5))
    await cp(files.folderOf(kept.externalId), join(files.folder, name), { recursive: true });
  await writeFile(description('dc-garbage-g1'), '{"version":1,\u001B[2J');
  for (const name of ['dc-pipe-g1', 'dc-endless-g1', 'dc-emptied-g1']) await rm(description(name));
  execFileSync('mkfifo', [description('dc-pipe-g1')]);
  await symlink('/dev/zero', description('dc-endless-g1'));
  await symlink('/etc', join(files.folder, 'dc-link-g1'));
  await writeFile(join(files.folder, 'a \u001B[31mred one'), '');
  await mkdir(join(files.folder, 'n'.repeat(250)));
  await mkdir(Buffer.concat([Buffer.from(`${files.folder}/`), Buffer.from([0xff])]));
  await chmod(files.folder, 0o000);

  const next = new MachineFiles(files.folder);
  await next.open();
  const { machines, remains } = await next.look();
  expect(machines).toEqual([kept]);
  expect(remains.map(({ externalId }) => externalId.replace(/[0-9a-f]{32}$/, '')).sort()).toEqual(
    [...spoilt, 'a%20%1B%5B31mred%20one', '%FF', 'long-name-'].sort(),
  );
  for (const { externalId, why } of remains) {
    expect(why).not.toContain('\u001B');
    expect(await next.remove(externalId)).toBeUndefined();
  }
  expect(await readdir(files.folder)).toEqual([kept.externalId]);
});

test('a thousand strange folders do not make the list endless', async () => {
  await Promise.all(Array.from({ length: 1_000 }, (_, index) => mkdir(join(files.folder, `x${index} `))));
  expect((await files.look()).remains.length).toBe(100);
});
