import { SmallTree } from './small-tree.ts';

const tree = new SmallTree();

test('what is stored is made of nothing of the wire, and has samples', async () => {
  await tree.put(
    'apps/accounts/src/a.stored.ts',
    `import { z } from 'zod'; import '@decent-cloud/kernel'; import './b.stored.ts';`,
  );
  await tree.put('apps/accounts/src/a.stored.spec.ts', `import '@decent-cloud/messages';`);
  await tree.put('apps/accounts/src/a.store.ts', `import type { M } from '@decent-cloud/messages';`);
  expect(tree.breaches()).toEqual([]);
  await tree.put('apps/accounts/src/b.stored.ts', `import type { M } from '@decent-cloud/messages';`);
  await tree.put('apps/accounts/src/b.store.ts', `import { facts } from '@decent-cloud/messages';`);
  expect(tree.breaches()).toEqual([
    expect.stringContaining(
      'b.store.ts:1: "@decent-cloud/messages": rows are not read with schemas of the wire',
    ),
    expect.stringContaining('b.stored.ts:1: "@decent-cloud/messages": what is stored is made of'),
    expect.stringContaining('b.stored.ts: has no spec with a sample of each version'),
  ]);
});
