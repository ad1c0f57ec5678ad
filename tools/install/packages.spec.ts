import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isInstalling, missingPackages } from './packages.mjs';

/** Does what npm does: empties the folder, fills it slowly by a program of its own, and says when it is done. */
const NPM = `#!/bin/sh
echo begun >> runs.txt
rm -rf node_modules
[ -e deaf ] && trap '' TERM
sh -c 'i=0; while [ ! -e go ] && [ $i -lt 600 ]; do i=$((i+1)); mkdir -p node_modules/slow; echo $i > node_modules/slow/tick; sleep 0.05; done; mkdir -p node_modules/one node_modules/two; echo "{\\"version\\":\\"1.0.0\\"}" | tee node_modules/one/package.json > node_modules/two/package.json' &
wait
`;
const LOCK = {
  packages: {
    '': { name: 'us' },
    'node_modules/one': { version: '1.0.0' },
    'node_modules/two': { version: '1.0.0' },
    'node_modules/elsewhere': { version: '1.0.0', optional: true, os: ['aix'] },
  },
};
const START = `import { installPackages, missingPackages } from ${JSON.stringify(join(import.meta.dirname, 'packages.mjs'))};
const root = process.argv.at(-1);
const isDone = () => missingPackages(root).length === 0;
await installPackages({ root, log: console.log, isDone, npm: root + '/npm' });
console.log('installed');`;

let root: string;
const running: ChildProcess[] = [];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'dc-packages-'));
  await writeFile(join(root, 'npm'), NPM);
  await chmod(join(root, 'npm'), 0o755);
  await writeFile(join(root, 'package-lock.json'), JSON.stringify(LOCK));
});
afterEach(async () => {
  await writeFile(join(root, 'go'), '');
  for (const child of running.splice(0)) if (child.exitCode === null) child.kill('SIGKILL');
  await rm(root, { recursive: true, force: true, maxRetries: 10 });
});

interface Started {
  readonly child: ChildProcess;
  readonly said: string[];
  readonly ended: Promise<unknown[]>;
}

function start(): Started {
  const child = spawn(process.execPath, ['--input-type=module', '-e', START, root], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.push(child);
  const said: string[] = [];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => said.push(text));
  return { child, said, ended: once(child, 'exit') };
}

async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await isSo()) return;
    await sleep(25);
  }
  throw new Error(`not ${what}`);
}
const tick = () => readFile(join(root, 'node_modules/slow/tick'), 'utf8').catch(() => '');
const begun = () => until(async () => (await tick()) !== '', 'begun');
const runs = async () => (await readFile(join(root, 'runs.txt'), 'utf8')).split('\n').length - 1;

async function nothingGoesOn(): Promise<void> {
  const before = await tick();
  await sleep(300);
  expect(await tick()).toBe(before);
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)(
  '%s while it installs: all of npm ends first, and the next start begins anew',
  async (signal, code) => {
    const first = start();
    await begun();
    first.child.kill(signal);
    expect(await first.ended).toEqual([code, null]);
    expect(first.said.join('')).toContain('Interrupted: the packages are not installed');
    await nothingGoesOn();
    expect(isInstalling(root)).toBe(false);
    await writeFile(join(root, 'go'), '');
    const second = start();
    expect(await second.ended).toEqual([0, null]);
    expect(missingPackages(root)).toEqual([]);
    expect(await runs()).toBe(2);
  },
);

test('npm that does not end when asked is killed', async () => {
  await writeFile(join(root, 'deaf'), '');
  const first = start();
  await begun();
  first.child.kill('SIGINT');
  expect(await first.ended).toEqual([130, null]);
  await nothingGoesOn();
}, 20_000);

test('what a killed start left running is ended before the next one installs', async () => {
  const first = start();
  await begun();
  first.child.kill('SIGKILL');
  await first.ended;
  const before = await tick();
  await until(async () => (await tick()) !== before, 'going on after its starter');
  const second = start();
  await until(() => second.said.join('').includes('left npm running: ending it'), 'ended');
  await until(async () => (await runs()) === 2, 'begun again');
  await writeFile(join(root, 'go'), '');
  expect(await second.ended).toEqual([0, null]);
  expect(missingPackages(root)).toEqual([]);
});

test('two starts at once: one installs, the other waits for it', async () => {
  const first = start();
  await begun();
  const second = start();
  await until(() => second.said.join('').includes('waiting for it'), 'waiting');
  await writeFile(join(root, 'go'), '');
  expect([await first.ended, await second.ended]).toEqual([
    [0, null],
    [0, null],
  ]);
  expect(await runs()).toBe(1);
  expect(existsSync(join(root, '.data/installing.json'))).toBe(false);
});

test('half an install is seen whatever npm has noted: a missing folder, another version, a file cut short', async () => {
  const put = async (name: string, text: string) => {
    await mkdir(join(root, 'node_modules', name), { recursive: true });
    await writeFile(join(root, 'node_modules', name, 'package.json'), text);
  };
  await put('one', '{"version":"1.0.0"}');
  await writeFile(join(root, 'node_modules/.package-lock.json'), JSON.stringify(LOCK));
  expect(missingPackages(root)).toEqual(['node_modules/two']);
  await put('two', '{"version":"0.9.0"}');
  expect(missingPackages(root)).toEqual(['node_modules/two']);
  await put('two', '{"vers');
  expect(missingPackages(root)).toEqual(['node_modules/two']);
  await put('two', '{"version":"1.0.0"}');
  expect(missingPackages(root)).toEqual([]);
});
