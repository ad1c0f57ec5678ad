import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, link, mkdir, mkdtemp, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeAll } from './removal.ts';

const isRoot = process.getuid?.() === 0;
const whereRoot = isRoot ? test : test.skip;
const NOBODY = 65_534;
const LAST = 'machine.json';

let outside: string;
let root: string;
beforeEach(async () => {
  outside = await mkdtemp(join(tmpdir(), 'dc-removal-'));
  await chmod(outside, 0o777);
  root = join(outside, 'root');
  // Modes mean nothing to root.
  if (isRoot) process.seteuid?.(NOBODY);
  await mkdir(root);
  await writeFile(join(root, LAST), '{}');
});
afterEach(async () => {
  if (isRoot) process.seteuid?.(0);
  await removeAll(outside, LAST);
});

test('modes, links, sockets, pipes and names of any kind are removed; what links lead to stays', async () => {
  const kept = join(outside, 'kept');
  await mkdir(kept);
  await writeFile(join(kept, 'file'), 'kept');
  const home = join(root, 'home');
  await mkdir(join(home, 'closed', 'deeper'), { recursive: true });
  await symlink(kept, join(home, 'to-folder'));
  await symlink('nowhere', join(home, 'dangling'));
  await link(join(kept, 'file'), join(home, 'closed', 'hard-link'));
  for (const name of ['-rf', '*', 'a\nb', ' ', '%2F..', 'moved-', '.hidden', LAST, '\u001B[2J']) {
    await writeFile(join(home, name), name);
  }
  await mkdir(Buffer.concat([Buffer.from(`${home}/`), Buffer.from([0xff, 0xfe, 0x41])]));
  execFileSync('mkfifo', [join(home, 'pipe')]);
  const server = createServer().unref().listen(join(home, 'socket'));
  await once(server, 'listening');
  for (const path of ['closed/deeper', 'closed', '']) await chmod(join(home, path), 0o000);
  expect(await removeAll(root, LAST)).toBeUndefined();
  server.close();
  expect(await readdir(outside)).toEqual(['kept']);
  expect(await readFile(join(kept, 'file'), 'utf8')).toBe('kept');
});

test('neither depth nor number is too much', async () => {
  let nested = join(outside, 'level-0');
  await mkdir(nested);
  for (let level = 1; level < 150; level++) {
    const next = join(outside, `level-${level}`);
    await mkdir(next);
    await rename(nested, join(next, 'a'.repeat(100)));
    nested = next;
  }
  await rename(nested, join(root, 'deep'));
  const many = join(root, 'many');
  await mkdir(many);
  await Promise.all(Array.from({ length: 500 }, (_, index) => writeFile(join(many, `${index}`), '')));
  expect(await removeAll(root, LAST)).toBeUndefined();
  expect(await readdir(outside)).toEqual([]);
});

test('a link in the place of the folder is removed itself', async () => {
  await rename(root, join(outside, 'elsewhere'));
  await symlink('elsewhere', root);
  expect(await removeAll(root, LAST)).toBeUndefined();
  expect(await readdir(outside)).toEqual(['elsewhere']);
  expect(await readdir(join(outside, 'elsewhere'))).toEqual([LAST]);
});

whereRoot(
  'what may not be removed is told with the reason, and the description stays beside it',
  async () => {
    await mkdir(join(root, 'home'));
    await writeFile(join(root, 'home', 'own'), '');
    process.seteuid?.(0);
    await mkdir(join(root, 'home', 'a b'), { mode: 0o755 });
    await writeFile(join(root, 'home', 'a b', 'one'), '');
    await writeFile(join(root, 'home', 'a b', 'two'), '');
    process.seteuid?.(NOBODY);
    const refused = await removeAll(root, LAST);
    expect(refused?.first).toMatch(/^EACCES rename .*\/a%20b$/);
    expect(await readdir(root)).toContain(LAST);
    process.seteuid?.(0);
    expect(await removeAll(root, LAST)).toBeUndefined();
    expect(await removeAll(root, LAST)).toBeUndefined();
  },
);
