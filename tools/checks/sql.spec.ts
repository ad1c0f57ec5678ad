import { SmallTree } from './small-tree.ts';

const tree = new SmallTree();

test.each([
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
])('%s is refused', async (_, file, text, fault) => {
  await tree.put(file, `// first line\n${text}`);
  const breaches = tree.breaches();
  expect(breaches).toHaveLength(1);
  expect(breaches[0]).toContain(`${file}:2: `);
  expect(breaches[0]).toContain(fault);
});

test('stores, metrics and apps that are no service have SQL; others have words that look like it', async () => {
  const text = 'const rows = await sql.query(`update key set name = $1`);';
  await tree.put('apps/accounts/src/key/key.store.ts', text);
  await tree.put('apps/accounts/src/key/key-metrics.ts', text);
  await tree.put('apps/accounts/test/keys.int.spec.ts', text);
  await tree.put('apps/e2e/src/a.ts', text);
  await tree.put('libs/postgres/src/a.ts', text);
  await tree.put('apps/gateway/src/a.ts', `const name = call.query('name');`);
  const words = ['Select one of them from the list.', 'update <pool-id>', 'with --check: print JSON'];
  await tree.put('apps/gateway/src/b.ts', `export const TEXTS = ${JSON.stringify(words)};`);
  expect(tree.breaches()).toEqual([]);
});
