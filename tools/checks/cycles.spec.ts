import { SmallTree } from './small-tree.ts';

const tree = new SmallTree();

test('folders side by side that need each other are refused, by what is in them at any depth', async () => {
  await tree.put('apps/accounts/src/key/add-key.ts', `import type { A } from '../account/domain/a.ts';`);
  await tree.put('apps/accounts/src/account/domain/a.ts', '');
  await tree.put('apps/accounts/src/account/b.ts', `import '../invitation/c.ts'; import './domain/a.ts';`);
  await tree.put('apps/accounts/src/invitation/c.ts', `import '../key/domain/key.ts';`);
  expect(tree.breaches()).toEqual([]);
  await tree.put('apps/accounts/src/key/domain/key.ts', '');
  expect(tree.breaches()).toEqual([
    'apps/accounts/src: folders in a circle: account, invitation, key (src/account/b.ts -> src/invitation/c.ts; ' +
      'src/invitation/c.ts -> src/key/domain/key.ts; src/key/add-key.ts -> src/account/domain/a.ts)',
  ]);
});

test('files beside folders and specs close no circle of folders', async () => {
  await tree.put('apps/accounts/src/service.ts', `import './key/a.ts';`);
  await tree.put('apps/accounts/src/key/a.ts', `import '../settings.ts'; import './deep/b.ts';`);
  await tree.put('apps/accounts/src/key/deep/b.ts', `import '../rows.ts';`);
  await tree.put('apps/accounts/src/key/rows.ts', `import '../account/a.ts';`);
  await tree.put('apps/accounts/src/settings.ts', '');
  await tree.put('apps/accounts/src/account/a.ts', '');
  await tree.put('apps/accounts/src/account/a.spec.ts', `import '../key/a.ts'; import '../../test/a.ts';`);
  await tree.put('apps/accounts/test/a.ts', `import '../src/key/a.ts';`);
  expect(tree.breaches()).toEqual([]);
});

test('files that need each other are refused, types and tests included', async () => {
  await tree.put('apps/accounts/test/stage.ts', `import type { B } from './people.ts';`);
  await tree.put('apps/accounts/test/people.ts', `import './more.ts';`);
  await tree.put('apps/accounts/test/more.ts', `export * from './stage.ts';`);
  await tree.put('tools/checks/a.mjs', `import '../b.mjs';`);
  await tree.put('tools/b.mjs', `import './checks/a.mjs';`);
  expect(tree.breaches()).toEqual([
    'apps/accounts: files in a circle: test/more.ts -> test/stage.ts -> test/people.ts -> test/more.ts',
    'tools: files in a circle: b.mjs -> checks/a.mjs -> b.mjs',
  ]);
});
