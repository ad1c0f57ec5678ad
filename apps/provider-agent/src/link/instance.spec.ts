import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { thisInstance } from './instance.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dc-instance-'));
  await mkdir(join(folder, 'data'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const of = (...path: string[]) => thisInstance(join(folder, ...path, 'journal.db'));

test('every start is another process in the same place', async () => {
  const [one, two] = [await of('data'), await of('data')];
  expect(one.instanceId).not.toBe(two.instanceId);
  expect({ ...one, instanceId: '' }).toEqual({ ...two, instanceId: '' });
  expect(one.place).toMatch(/^[0-9a-f]{64}$/);
});

test('a copy of the data folder is another place; one that was only moved is not', async () => {
  const before = await of('data');
  await cp(join(folder, 'data'), join(folder, 'copy'), { recursive: true });
  expect((await of('copy')).place).not.toBe(before.place);
  await rename(join(folder, 'data'), join(folder, 'moved'));
  expect((await of('moved')).place).toBe(before.place);
});

test('another journal in the same folder is another place', async () => {
  const other = await thisInstance(join(folder, 'copy', 'other.db'));
  expect(other.place).not.toBe((await of('copy')).place);
});
