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
  ['a require', 'libs/kernel/src/a.ts', `require('@decent-cloud/messages');`, 'kernel may not use messages'],
])('%s is refused', async (_, file, text, fault) => {
  await put(file, `// first line\n${text}`);
  const breaches = findBreaches(root);
  expect(breaches).toHaveLength(1);
  expect(breaches[0]).toContain(`${file}:2: `);
  expect(breaches[0]).toContain(fault);
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
