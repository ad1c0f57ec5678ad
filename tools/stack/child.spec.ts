import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from './child.mjs';
import { ChildLog } from './child-log.mjs';

let folder: string;
let said: string[];
let children: Child[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dc-child-'));
  said = [];
});
afterEach(async () => {
  await Promise.all(children.map((one) => one.stop()));
  children = [];
  await rm(folder, { recursive: true, force: true });
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('it did not happen in 10 s');
    await sleep(10);
  }
}
function child(script: string): Child {
  const one = new Child({
    name: 'thing',
    command: process.execPath,
    args: ['-e', script],
    env: process.env,
    logFolder: folder,
    say: (line) => said.push(line),
  });
  children.push(one);
  return one;
}
const logged = async (word: string): Promise<number> =>
  (await readFile(join(folder, 'thing.log'), 'utf8').catch(() => '')).split(word).length - 1;

test('a restart during the wait after a death runs one process, not two', async () => {
  const thing = child(`
    const { appendFileSync, readFileSync, existsSync } = require('node:fs');
    const file = ${JSON.stringify(join(folder, 'starts'))};
    const first = !existsSync(file);
    appendFileSync(file, process.pid + '\\n');
    if (first) process.exit(3);
    setInterval(() => undefined, 1000);`);
  const starts = async () =>
    (await readFile(join(folder, 'starts'), 'utf8').catch(() => '')).trim().split('\n').filter(Boolean);
  thing.start();
  await until(() => said.some((line) => line.includes('ended with code 3')));
  await thing.restart();
  await until(async () => (await starts()).length === 2 && thing.pid > 0);
  const { pid } = thing;
  // The wait of the first death was 1 s.
  await sleep(1_300);
  expect(await starts()).toHaveLength(2);
  expect(thing.pid).toBe(pid);
  await thing.stop();
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

test('it comes back after a death and counts it; an error line of its log is told', async () => {
  const thing = child(
    `console.log(JSON.stringify({ level: 50, message: 'no disk' })); setTimeout(() => process.exit(1), 100)`,
  );
  thing.start();
  await until(async () => (await logged('no disk')) >= 2);
  expect(thing.deaths).toBeGreaterThanOrEqual(1);
  expect(said).toContain('thing: no disk');
  await thing.stop();
});

test('a log is moved aside when it is large, and a full or missing disk ends nothing', async () => {
  const errors: Error[] = [];
  const file = join(folder, 'a.log');
  const log = new ChildLog(file, { limitBytes: 100, onError: (error) => errors.push(error) });
  for (let line = 0; line < 5; line++) {
    log.write('x'.repeat(60));
    await until(async () => (await stat(file).catch(() => undefined))?.size !== undefined);
    await sleep(20);
  }
  await until(async () => (await stat(`${file}.1`).catch(() => undefined)) !== undefined);
  expect((await stat(file)).size).toBeLessThanOrEqual(200);
  log.close();

  let now = 1_000_000;
  const lost = new ChildLog(join(folder, 'none', 'b.log'), {
    limitBytes: 100,
    onError: (error) => errors.push(error),
    now: () => now,
  });
  lost.write('one');
  await until(() => errors.length === 1);
  lost.write('two');
  now += 20_000;
  lost.write('three');
  await until(() => errors.length === 2);
  expect(errors[0]?.message).toContain('ENOENT');
});
