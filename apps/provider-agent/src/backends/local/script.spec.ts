import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runLocalScript } from './script.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dc-script-'));
  await mkdir(join(folder, 'home'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = (script: string, cpuCores?: number) =>
  runLocalScript({
    script,
    cpuCores,
    externalId: 'dc-1-g1',
    folder,
    home: join(folder, 'home'),
    session: 'script-dc-1-g1',
    env: { PATH: '/usr/bin:/bin' },
    limitMs: 20_000,
    signal: new AbortController().signal,
  });

test.each([
  ['#!/bin/sh\r\necho hi\r\n', 127, '"/bin/sh\\r", is not there: the lines end with CR LF'],
  ['#!/no/such/program -x\necho hi\n', 127, '"/no/such/program", is not there'],
  ['#!', 126, '"", cannot be run'],
  ['#!/etc\n', 126, '"/etc", cannot be run'],
  ['#!/etc/passwd\n', 126, '"/etc/passwd", cannot be run'],
])('%j ends with %i and the reason, once', async (script, exitCode, log) => {
  expect(await run(script)).toEqual({ success: false, exitCode, log: expect.stringContaining(log) });
  expect(await run(script)).toBeUndefined();
});

test('a script whose interpreter is a script without its own ends as the kernel says', async () => {
  const between = join(folder, 'between');
  await writeFile(between, '#!/no/such/program\n', { mode: 0o755 });
  expect(await run(`#!${between}\n`)).toMatchObject({ success: false, exitCode: 127 });
});

test.each([
  ['\uFEFF#!/bin/sh\necho "$0" | grep -c script-\n', '1\n'],
  ['#! /bin/sh -e\necho hi\n', 'hi\n'],
  ['echo hi', 'hi\n'],
])('%j runs', async (script, log) => {
  expect(await run(script)).toEqual({ success: true, exitCode: 0, log });
});

const whereThereAreMore = process.platform === 'linux' && availableParallelism() > 1 ? test : test.skip;

whereThereAreMore(
  'a program in a machine of one CPU counts one, in one without a number those of the host',
  async () => {
    expect(await run('nproc', 1)).toMatchObject({ log: '1\n' });
    expect(await run('nproc; :')).toMatchObject({ log: `${availableParallelism()}\n` });
    expect(await run('nproc; #', 4_096)).toMatchObject({ log: `${availableParallelism()}\n` });
  },
);
