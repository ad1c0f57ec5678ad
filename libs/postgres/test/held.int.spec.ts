import { createTestDatabase, type TestDatabase } from '@decent-cloud/testing';
import { countHeld, Database } from '../src/index.ts';

let server: TestDatabase;
let database: Database;
beforeAll(async () => {
  server = await createTestDatabase();
  database = new Database({ connectionString: server.url, applicationName: 'spec' });
  await database.query('create table pool (provider text)');
  await database.query('create table deal (tenant text, provider text, ended_at timestamptz)');
});
afterAll(async () => {
  await database.close();
  await server.drop();
});

test('what an owner has is counted by kind, in either role, without what has ended', async () => {
  await database.query(`insert into pool values ('a'), ('a'), ('b')`);
  await database.query(
    `insert into deal values ('a', 'b', null), ('b', 'a', null), ('a', 'b', now()), ('b', 'c', null)`,
  );
  const kinds = [
    { what: 'pools', table: 'pool', ownedBy: ['provider'] },
    { what: 'open deals', table: 'deal', ownedBy: ['tenant', 'provider'], unless: 'ended_at' },
  ];
  expect(await countHeld(database, 'a', kinds)).toEqual([
    { what: 'pools', count: 2 },
    { what: 'open deals', count: 2 },
  ]);
  expect(await countHeld(database, 'nobody', kinds)).toEqual([
    { what: 'pools', count: 0 },
    { what: 'open deals', count: 0 },
  ]);
});

test('nobody counts further than a thousand', async () => {
  await database.query(`insert into pool select 'much' from generate_series(1, 1001)`);
  const kinds = [{ what: 'pools', table: 'pool', ownedBy: ['provider'] }];
  expect(await countHeld(database, 'much', kinds)).toEqual([{ what: 'pools', count: 1_000 }]);
});
