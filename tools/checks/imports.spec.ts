import { SmallTree } from './small-tree.ts';

const tree = new SmallTree();

test('what follows the rules passes', async () => {
  await tree.put(
    'apps/accounts/src/a.ts',
    `import { readFile } from 'node:fs/promises'; import { z } from 'zod'; import '@nestjs/core/x';
     import type { M } from '@decent-cloud/messages'; export * from './b.ts'; import '../../../prisma/accounts/generated/client.ts';`,
  );
  await tree.put('apps/accounts/src/a.spec.ts', `import '@decent-cloud/testing'; import 'fast-check';`);
  await tree.put('apps/accounts/test/b.ts', `import '@decent-cloud/testing';`);
  await tree.put('apps/e2e/src/run.ts', `import '@decent-cloud/testing';`);
  await tree.put('tools/services.mjs', `await import('../libs/messages/src/services.ts');`);
  await tree.put('libs/messages/src/a.ts', `import '@decent-cloud/kernel';`);
  await tree.put(
    'libs/kernel/package.json',
    JSON.stringify({ exports: { '.': './a.ts', './money': './money.ts' } }),
  );
  await tree.put('apps/payments/src/a.ts', `import '@decent-cloud/kernel/money';`);
  await tree.put(
    'apps/simulator/src/a.ts',
    `import '../../payments/src/ledger/domain/x.ts'; import '../../payments/src/domain/deeper/y.ts';
     import '../../contracts/src/renting/create-contract.ts';
     import type { S } from '../../contracts/src/contract/contract.store.ts';`,
  );
  await tree.put(
    'apps/simulator/test/a.int.spec.ts',
    `import { S } from '../../contracts/src/contract/contract.store.ts';`,
  );
  expect(tree.breaches()).toEqual([]);
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
    'a flow of an app whose flows are not simulated',
    'apps/simulator/src/a.ts',
    `import '../../accounts/src/key/add-key.ts';`,
    'leaves apps/simulator',
  ],
  [
    'a store of an app whose flows are simulated',
    'apps/simulator/src/a.ts',
    `import { S } from '../../contracts/src/contract/contract.store.ts';`,
    'leaves apps/simulator',
  ],
  [
    'a file that is only named like a domain',
    'apps/simulator/src/a.ts',
    `import '../../offerings/src/offering/domain';`,
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
    'the source of a library',
    'tools/checks/run.mjs',
    `import '../../libs/messages/src/services.ts';`,
    'leaves tools: import the library by its name',
  ],
  [
    'more of its source than the list of services',
    'tools/services.mjs',
    `import '../libs/messages/src/topology.ts';`,
    'leaves tools: import the library by its name',
  ],
  [
    'an app that a tool imports',
    'tools/run.mjs',
    `import '../apps/accounts/dist/x.js';`,
    'leaves tools: import the library by its name',
  ],
  [
    'an app that a tool imports by its name',
    'tools/checks/run.mjs',
    `await import('@decent-cloud/accounts');`,
    'apps are never imported',
  ],
  [
    'what is built of an app, to others than the bench',
    'apps/e2e/programs/a.mjs',
    `import '../../payments/dist/x.js';`,
    'leaves apps/e2e',
  ],
  ['a require', 'libs/kernel/src/a.ts', `require('@decent-cloud/messages');`, 'kernel may not use messages'],
])('%s is refused', async (_, file, text, fault) => {
  await tree.put(file, `// first line\n${text}`);
  const breaches = tree.breaches();
  expect(breaches).toHaveLength(1);
  expect(breaches[0]).toContain(`${file}:2: `);
  expect(breaches[0]).toContain(fault);
});

test('the bench may import what is built of the apps that it measures, and nothing else of them', async () => {
  await tree.project('apps', 'bench');
  await tree.put('apps/bench/programs/a.mjs', `import '../../gateway/dist/x.js';`);
  expect(tree.breaches()).toEqual([]);
  await tree.put('apps/bench/programs/a.mjs', `import '../../gateway/src/x.ts';`);
  await tree.put('apps/bench/programs/b.mjs', `import '../../accounts/dist/x.js';`);
  expect(tree.breaches()).toHaveLength(2);
});
