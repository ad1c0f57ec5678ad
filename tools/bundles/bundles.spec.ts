import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { serviceFiles } from '@decent-cloud/runtime/service-files';
import { services } from '../services.mjs';
import { stampOf } from './build-bundles.mjs';
import { entryModules } from './entry.mjs';
import { asSeenFrom } from './own-modules.mjs';
import { bundledPrograms } from './programs.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const DECORATED = /^@(Answers|Reacts|Sweeps|Injectable)\(/m;

/** Every file of a folder, whatever the rules of discovery say of it. */
async function decoratedIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const file = join(entry.parentPath, entry.name);
    if (!entry.isFile() || !/(?<!\.spec|\.d)\.ts$/.test(entry.name)) continue;
    if (DECORATED.test(await readFile(file, 'utf8'))) found.push(file);
  }
  return found.sort();
}

test.each(services.filter(({ database }) => database).map(({ name }) => name))(
  'the list of %s names every file with a verb, a reaction, a sweep or a store',
  async (name) => {
    const folder = join(ROOT, 'apps', name, 'src');
    const decorated = await decoratedIn(folder);
    expect(decorated.length).toBeGreaterThan(0);
    expect(await serviceFiles(folder)).toEqual(expect.arrayContaining(decorated));
  },
);

describe('the programs that are bundled', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'dc-programs-'));
    for (const file of [
      ...['payments/dist/main.js', 'payments/dist/service.js', 'payments/dist/wallet/top-up.js'],
      ...['payments/dist/check-books/main.js', 'cli/dist/main.js', 'bench/dist/main.js', 'e2e/dist/dc.js'],
    ]) {
      await mkdir(dirname(join(root, 'apps', file)), { recursive: true });
      await writeFile(join(root, 'apps', file), '');
    }
  });
  afterAll(() => rm(root, { recursive: true }));

  const inDist = (file: string) => join(root, 'apps/payments/dist', file);

  it('are every main.ts but those that only measure and test, and a service brings its list', async () => {
    expect(await bundledPrograms(root)).toEqual([
      {
        name: 'apps/cli/bundle/main.js',
        entry: join(root, 'apps/cli/dist/main.js'),
        target: join(root, 'apps/cli/bundle/main.js'),
        modules: [],
      },
      {
        name: 'apps/payments/bundle/check-books.js',
        entry: inDist('check-books/main.js'),
        target: join(root, 'apps/payments/bundle/check-books.js'),
        modules: [],
      },
      {
        name: 'apps/payments/bundle/main.js',
        entry: inDist('main.js'),
        target: join(root, 'apps/payments/bundle/main.js'),
        modules: [inDist('service.js'), inDist('wallet/top-up.js')],
      },
    ]);
  });

  it('begin with the look at their Node, then the list, then the program', async () => {
    const [, , service] = await bundledPrograms(root);
    const { entry, list } = entryModules(root, service as never);
    expect(entry?.split('\n')).toEqual([
      `import "${join(root, 'libs/kernel/dist/needed-node.js')}";`,
      "import 'bundle:list';",
      `import "${inDist('main.js')}";`,
    ]);
    expect(list).toContain(`import * as module1 from "${inDist('wallet/top-up.js')}";`);
    expect(list).toMatch(/listModules\(\[module0, module1\]\);$/);
  });

  it('are made again when a file of theirs has changed, is gone or is new, and not for others', async () => {
    const program = { name: '', entry: 'main.js', target: '', modules: ['a.js', 'b.js'] };
    const stamp = (stamps: Record<string, string>, modules = program.modules) =>
      stampOf({ ...program, modules }, ['a.js', 'b.js'], stamps, 'salt');
    const before = stamp({ 'a.js': '1', 'b.js': '2', 'other.js': '3' });
    expect(stamp({ 'a.js': '1', 'b.js': '2', 'other.js': '4' })).toBe(before);
    expect(stamp({ 'a.js': '1', 'b.js': '5' })).not.toBe(before);
    expect(stamp({ 'a.js': '1' })).not.toBe(before);
    expect(stamp({ 'a.js': '1', 'b.js': '2' }, ['a.js', 'b.js', 'new-verb.js'])).not.toBe(before);
  });
});

describe('a file of ours in a bundle', () => {
  const seen = (code: string) =>
    asSeenFrom(code, '/dc/libs/outbox/dist/migrations.js', '/dc/apps/payments/bundle/main.js');

  it('finds what lies beside it', () => {
    expect(seen("new URL('../migrations', import.meta.url)")).toBe(
      `new URL('../migrations', new URL("../../../libs/outbox/dist/migrations.js", import.meta.url).href)`,
    );
    expect(seen('import.meta.dirname')).toBe('(import.meta.dirname + "/../../../libs/outbox/dist")');
  });

  it('may not ask what the bundle would answer for another', () => {
    expect(() => seen('if (import.meta.main) start();')).toThrow('migrations.js uses import.meta.main');
  });
});
