import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findBreaches, MAY_USE } from './boundaries.mjs';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'dc-boundaries-'));
  const dependencies = { zod: '1', '@nestjs/core': '1' };
  await put('package.json', JSON.stringify({ dependencies, devDependencies: { 'fast-check': '1' } }));
  for (const lib of ['kernel', 'messages', 'testing', 'postgres']) await project('libs', lib);
  for (const app of ['accounts', 'payments', 'gateway', 'e2e', 'simulator']) await project('apps', app);
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}
async function project(kind: 'apps' | 'libs', name: string, tags?: string[]): Promise<void> {
  const own = [kind === 'apps' ? 'type:app' : 'type:lib', `scope:${name}`];
  await put(`${kind}/${name}/project.json`, JSON.stringify({ name, tags: tags ?? own }));
}

test('what follows the rules passes', async () => {
  await put(
    'apps/accounts/src/a.ts',
    `import { readFile } from 'node:fs/promises'; import { z } from 'zod'; import '@nestjs/core/x';
     import type { M } from '@decent-cloud/messages'; export * from './b.ts'; import '../../../prisma/accounts/generated/client.ts';`,
  );
  await put('apps/accounts/src/a.spec.ts', `import '@decent-cloud/testing'; import 'fast-check';`);
  await put('apps/accounts/test/b.ts', `import '@decent-cloud/testing';`);
  await put('apps/e2e/src/run.ts', `import '@decent-cloud/testing';`);
  await put('libs/messages/src/a.ts', `import '@decent-cloud/kernel';`);
  await put(
    'libs/kernel/package.json',
    JSON.stringify({ exports: { '.': './a.ts', './money': './money.ts' } }),
  );
  await put('apps/payments/src/a.ts', `import '@decent-cloud/kernel/money';`);
  await put(
    'apps/simulator/src/a.ts',
    `import '../../payments/src/ledger/domain/x.ts'; import '../../payments/src/domain/deeper/y.ts';`,
  );
  expect(findBreaches(root)).toEqual([]);
});

test.each([
  [
    'an app that uses another app',
    'apps/accounts/src/a.ts',
    `import '@decent-cloud/payments';`,
    'apps are never imported',
  ],
  [
    'a way around by path',
    'apps/accounts/src/a.ts',
    `import '../../payments/src/x.ts';`,
    'leaves apps/accounts',
  ],
  [
    'a rule of another app',
    'apps/accounts/src/a.ts',
    `import '../../payments/src/ledger/domain/x.ts';`,
    'leaves apps/accounts',
  ],
  [
    'more than rules of another app',
    'apps/simulator/src/a.ts',
    `import '../../payments/src/ledger/ledger.store.ts';`,
    'leaves apps/simulator',
  ],
  [
    'a file that is only named like a domain',
    'apps/simulator/src/a.ts',
    `import '../../payments/src/ledger/domain';`,
    'leaves apps/simulator',
  ],
  [
    'the tests of another app’s rules',
    'apps/simulator/src/a.ts',
    `import '../../payments/test/domain/x.ts';`,
    'leaves apps/simulator',
  ],
  [
    'rules of an app that is not simulated',
    'apps/simulator/src/a.ts',
    `import '../../gateway/src/domain/x.ts';`,
    'leaves apps/simulator',
  ],
  [
    'a library by path',
    'apps/accounts/src/a.ts',
    `import '../../../libs/kernel/src/x.ts';`,
    'leaves apps/accounts',
  ],
  [
    'another’s database',
    'apps/accounts/src/a.ts',
    `import '../../../prisma/payments/x.ts';`,
    'leaves apps/accounts',
  ],
  [
    'the inside of a library',
    'apps/accounts/src/a.ts',
    `import '@decent-cloud/kernel/src/x.ts';`,
    'reaches into',
  ],
  [
    'a database at the gateway',
    'apps/gateway/src/a.ts',
    `import '@decent-cloud/postgres';`,
    'gateway may not use postgres',
  ],
  [
    'test code in a service',
    'apps/accounts/src/a.ts',
    `import '@decent-cloud/testing';`,
    'accounts may not use testing',
  ],
  [
    'anything of ours in the kernel',
    'libs/kernel/src/a.ts',
    `import '@decent-cloud/messages';`,
    'kernel may not use messages',
  ],
  [
    'test servers for the kernel’s specs',
    'libs/kernel/src/a.spec.ts',
    `import '@decent-cloud/testing';`,
    'kernel may not use testing',
  ],
  [
    'messages that know a database',
    'libs/messages/src/a.ts',
    `import '@decent-cloud/postgres';`,
    'messages may not use postgres',
  ],
  ['a package that is not declared', 'libs/kernel/src/a.ts', `import 'left-pad';`, 'not in package.json'],
  [
    'a package for development only',
    'apps/accounts/src/a.ts',
    `import fc from 'fast-check';`,
    'development only',
  ],
  [
    'a re-export',
    'libs/kernel/src/a.ts',
    `export { x } from '@decent-cloud/messages';`,
    'kernel may not use messages',
  ],
  [
    'a type',
    'libs/kernel/src/a.ts',
    `type T = import('@decent-cloud/messages').T;`,
    'kernel may not use messages',
  ],
  [
    'an import at run time',
    'libs/kernel/src/a.ts',
    `await import('@decent-cloud/messages');`,
    'kernel may not use messages',
  ],
  ['a computed import', 'libs/kernel/src/a.ts', `await import(process.argv[2]);`, 'computed name'],
  [
    'an app that a tool imports',
    'tools/run.mjs',
    `import '../apps/accounts/dist/x.js';`,
    'leaves tools: import the library by its name',
  ],
  [
    'an app that a tool imports by its name',
    'tools/bench/run.mjs',
    `await import('@decent-cloud/accounts');`,
    'apps are never imported',
  ],
  [
    'what is built of an app, to others than the bench',
    'apps/e2e/programs/a.mjs',
    `import '../../payments/dist/x.js';`,
    'leaves apps/e2e',
  ],
  [
    'a question to the database in a verb',
    'apps/accounts/src/key/add-key.ts',
    'export const run = (sql) => sql.query(TEXT, [1]);',
    'asks the database: that is for a *.store.ts',
  ],
  [
    'one with a type',
    'apps/accounts/src/key/add-key.ts',
    'const rows = await this.database?.query<{ count: number }>(TEXT);',
    'asks the database',
  ],
  [
    'one around the typed client',
    'apps/accounts/src/key/add-key.ts',
    'await prisma.$queryRawUnsafe(TEXT);',
    'asks the database',
  ],
  [
    'a statement in a verb',
    'apps/accounts/src/key/add-key.ts',
    'const TEXT = `select name from key where key_id = $1`;',
    'has SQL: that is for a *.store.ts',
  ],
  [
    'a statement in capital letters',
    'apps/accounts/src/key/add-key.ts',
    `const TEXT = 'UPDATE key SET name = $1';`,
    'has SQL',
  ],
  [
    'the columns of a row',
    'apps/accounts/src/key/add-key.ts',
    `const COLUMNS = 'key_id as "keyId", name';`,
    'has SQL',
  ],
  [
    'a statement in an app without a database',
    'apps/gateway/src/a.ts',
    `const TEXT = 'delete from ticket where id = 1';`,
    'has SQL',
  ],
  ['a require', 'libs/kernel/src/a.ts', `require('@decent-cloud/messages');`, 'kernel may not use messages'],
])('%s is refused', async (_, file, text, fault) => {
  await put(file, `// first line\n${text}`);
  const breaches = findBreaches(root);
  expect(breaches).toHaveLength(1);
  expect(breaches[0]).toContain(`${file}:2: `);
  expect(breaches[0]).toContain(fault);
});

test('stores, metrics and apps that are no service have SQL; others have words that look like it', async () => {
  const text = 'const rows = await sql.query(`update key set name = $1`);';
  await put('apps/accounts/src/key/key.store.ts', text);
  await put('apps/accounts/src/key/key-metrics.ts', text);
  await put('apps/accounts/test/keys.int.spec.ts', text);
  await put('apps/e2e/src/a.ts', text);
  await put('libs/postgres/src/a.ts', text);
  await put('apps/gateway/src/a.ts', `const name = call.query('name');`);
  const words = ['Select one of them from the list.', 'update <pool-id>', 'with --check: print JSON'];
  await put('apps/gateway/src/b.ts', `export const TEXTS = ${JSON.stringify(words)};`);
  expect(findBreaches(root)).toEqual([]);
});

test('what is stored is made of nothing of the wire, and has samples', async () => {
  await put(
    'apps/accounts/src/a.stored.ts',
    `import { z } from 'zod'; import '@decent-cloud/kernel'; import './b.stored.ts';`,
  );
  await put('apps/accounts/src/a.stored.spec.ts', `import '@decent-cloud/messages';`);
  await put('apps/accounts/src/a.store.ts', `import type { M } from '@decent-cloud/messages';`);
  expect(findBreaches(root)).toEqual([]);
  await put('apps/accounts/src/b.stored.ts', `import type { M } from '@decent-cloud/messages';`);
  await put('apps/accounts/src/b.store.ts', `import { facts } from '@decent-cloud/messages';`);
  expect(findBreaches(root)).toEqual([
    expect.stringContaining(
      'b.store.ts:1: "@decent-cloud/messages": rows are not read with schemas of the wire',
    ),
    expect.stringContaining('b.stored.ts:1: "@decent-cloud/messages": what is stored is made of'),
    expect.stringContaining('b.stored.ts: has no spec with a sample of each version'),
  ]);
});

test('the bench may import what is built of the apps that it measures, and nothing else of them', async () => {
  await project('apps', 'bench');
  await put('apps/bench/programs/a.mjs', `import '../../gateway/dist/x.js';`);
  expect(findBreaches(root)).toEqual([]);
  await put('apps/bench/programs/a.mjs', `import '../../gateway/src/x.ts';`);
  await put('apps/bench/programs/b.mjs', `import '../../accounts/dist/x.js';`);
  expect(findBreaches(root)).toHaveLength(2);
});

test('folders side by side that need each other are refused, by what is in them at any depth', async () => {
  await put('apps/accounts/src/key/add-key.ts', `import type { A } from '../account/domain/a.ts';`);
  await put('apps/accounts/src/account/domain/a.ts', '');
  await put('apps/accounts/src/account/b.ts', `import '../invitation/c.ts'; import './domain/a.ts';`);
  await put('apps/accounts/src/invitation/c.ts', `import '../key/domain/key.ts';`);
  expect(findBreaches(root)).toEqual([]);
  await put('apps/accounts/src/key/domain/key.ts', '');
  expect(findBreaches(root)).toEqual([
    'apps/accounts/src: folders in a circle: account, invitation, key (src/account/b.ts -> src/invitation/c.ts; ' +
      'src/invitation/c.ts -> src/key/domain/key.ts; src/key/add-key.ts -> src/account/domain/a.ts)',
  ]);
});

test('files beside folders and specs close no circle of folders', async () => {
  await put('apps/accounts/src/service.ts', `import './key/a.ts';`);
  await put('apps/accounts/src/key/a.ts', `import '../settings.ts'; import './deep/b.ts';`);
  await put('apps/accounts/src/key/deep/b.ts', `import '../rows.ts';`);
  await put('apps/accounts/src/key/rows.ts', `import '../account/a.ts';`);
  await put('apps/accounts/src/settings.ts', '');
  await put('apps/accounts/src/account/a.ts', '');
  await put('apps/accounts/src/account/a.spec.ts', `import '../key/a.ts'; import '../../test/a.ts';`);
  await put('apps/accounts/test/a.ts', `import '../src/key/a.ts';`);
  expect(findBreaches(root)).toEqual([]);
});

test('files that need each other are refused, types and tests included', async () => {
  await put('apps/accounts/test/stage.ts', `import type { B } from './people.ts';`);
  await put('apps/accounts/test/people.ts', `import './more.ts';`);
  await put('apps/accounts/test/more.ts', `export * from './stage.ts';`);
  await put('tools/checks/a.mjs', `import '../b.mjs';`);
  await put('tools/b.mjs', `import './checks/a.mjs';`);
  expect(findBreaches(root)).toEqual([
    'apps/accounts: files in a circle: test/more.ts -> test/stage.ts -> test/people.ts -> test/more.ts',
    'tools: files in a circle: b.mjs -> checks/a.mjs -> b.mjs',
  ]);
});

test('every project needs its tags and its line in the table', async () => {
  await project('libs', 'kernel', ['type:lib', '*']);
  await put('libs/unheard-of/src/a.ts', '');
  expect(findBreaches(root).sort()).toEqual([
    'libs/kernel/project.json: tags must be type:lib and scope:kernel',
    'libs/unheard-of/project.json: is missing; it must name the tags',
    'libs/unheard-of: has no line in MAY_USE of tools/boundaries.mjs',
  ]);
});

test('the table has no wildcard, no app in it, and no circle', () => {
  const visit = (name: string, path: readonly string[]) => {
    expect(path).not.toContain(name);
    for (const used of MAY_USE[name] ?? []) visit(used, [...path, name]);
  };
  for (const [name, used] of Object.entries(MAY_USE)) {
    expect(used.some((lib) => lib.includes('*'))).toBe(false);
    visit(name, []);
  }
});
