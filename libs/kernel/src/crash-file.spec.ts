import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ArmedPoint,
  CrashPointError,
  FileCrashPoints,
  installCrashPoints,
  passesFileOf,
  readHits,
} from './crash-file.ts';
import { crash } from './crash-point.ts';

let folder: string;
let file: string;
let points: FileCrashPoints;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dc-crash-'));
  file = join(folder, 'crash.json');
  points = new FileCrashPoints(file);
});
afterEach(() => {
  crash.points = undefined;
  rmSync(folder, { recursive: true });
});
const arm = (...armed: Omit<ArmedPoint, 'id'>[]) =>
  writeFileSync(
    file,
    JSON.stringify({ armed: armed.map((one, index) => ({ id: String(index), ...one })), record: true }),
  );

test('points are there only in tests that name a file', () => {
  for (const env of [
    { DC_CRASH_FILE: file },
    { ENVIRONMENT: 'prod', DC_CRASH_FILE: file },
    { ENVIRONMENT: 'test' },
  ]) {
    installCrashPoints(env);
    expect(crash.points).toBeUndefined();
  }
  installCrashPoints({ ENVIRONMENT: 'test', DC_CRASH_FILE: file });
  expect(crash.points).toBeInstanceOf(FileCrashPoints);
});

test('without a file, or at other points, nothing happens', () => {
  expect(points.pass('a:b')).toBe(false);
  arm({ point: 'a:b', action: 'fail' });
  expect(points.pass('a:b:c')).toBe(false);
  expect(readHits(file)).toEqual([]);
});

test('a point repeats as often as it is told, over all lives of the process', () => {
  arm({ point: 'a', action: 'repeat', times: 2, after: 1 });
  expect([points.pass('a'), points.pass('a')]).toEqual([false, true]);
  const reborn = new FileCrashPoints(file);
  expect([reborn.pass('a'), reborn.pass('a'), reborn.pass('a')]).toEqual([false, true, false]);
  expect(readHits(file).map(({ id, point, action }) => [id, point, action])).toEqual([
    ['0', 'a', 'repeat'],
    ['0', 'a', 'repeat'],
  ]);
});

test('a point fails as it is told, for ever when nobody says how often', () => {
  const refusal = { code: 'CONFLICT', reason: 'OUT_OF_STOCK', message: 'none left' } as const;
  arm({ point: 'a', action: 'fail' }, { point: 'b', action: 'fail', refusal });
  for (let time = 0; time < 3; time++) expect(() => points.pass('a')).toThrow(CrashPointError);
  expect(() => points.pass('b')).toThrow(expect.objectContaining(refusal));
  expect(readHits(file)).toHaveLength(4);
});

test('places inside of an act are named by it and counted', async () => {
  expect(points.nextHere('before-commit')).toBeUndefined();
  await points.within('x', async () => {
    expect(points.nextHere('before-commit')).toBe('x:before-commit');
    await Promise.resolve();
    expect(points.nextHere('before-commit')).toBe('x:before-commit-2');
  });
  points.within('x', () => expect(points.nextHere('before-commit')).toBe('x:before-commit'));
});

test('what is passed is written down once in a life', () => {
  arm();
  points.pass('a');
  points.pass('b');
  points.pass('a');
  expect(readFileSync(passesFileOf(file), 'utf8')).toBe('a\nb\n');
});
