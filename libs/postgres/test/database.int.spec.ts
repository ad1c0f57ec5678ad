import { createTestDatabase, type TestDatabase } from '@decent-cloud/testing';
import { Database, plannedEachTime, StatementNames } from '../src/index.ts';

let server: TestDatabase;
let database: Database;
beforeAll(async () => {
  server = await createTestDatabase();
  database = new Database({ connectionString: server.url, applicationName: 'spec' });
});
afterAll(async () => {
  await database.close();
  await server.drop();
});

test('a connection that breaks while it is lent out and waits fails its own work only', async () => {
  const client = await database.pool.connect();
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const broken = new Promise((resolve) => client.once('end', resolve));
  await database.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
  await broken;
  await expect(client.query('select 1')).rejects.toThrow();
  client.release(true);
  expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
});

test('what is signalled in a transaction is heard after its commit, once, and never after a rollback', async () => {
  await database.query('create table signalled (id int primary key)');
  const heard: number[] = [];
  const deafen = database.onSignal('bell', () => heard.push(1));
  await database.transaction(async (sql) => {
    sql.signal('bell');
    sql.signal('bell');
    await sql.query('insert into signalled values (1)');
    expect(heard).toHaveLength(0);
  });
  expect(heard).toHaveLength(1);
  await expect(
    database.transaction(async (sql) => {
      sql.signal('bell');
      await sql.query('insert into signalled values (1)');
    }),
  ).rejects.toMatchObject({ code: '23505' });
  expect(heard).toHaveLength(1);
  await database.write('insert into signalled values ($1)', [2], 'bell');
  expect(heard).toHaveLength(2);
  await expect(database.write('insert into signalled values ($1)', [2], 'bell')).rejects.toMatchObject({
    code: '23505',
  });
  expect(heard).toHaveLength(2);
  deafen();
  database.signal('bell');
  expect(heard).toHaveLength(2);
});

test('a connection keeps statements, except those that are to be planned each time', async () => {
  const twice = 'select $1::int * 2 as twice';
  const thrice = 'select $1::int * 3 as thrice';
  await database.transaction(async (sql) => {
    for (const number of [1, 2]) {
      expect(await sql.query(twice, [number])).toEqual([{ twice: 2 * number }]);
      expect(await sql.query(plannedEachTime(thrice), [number])).toEqual([{ thrice: 3 * number }]);
    }
    const kept = await sql.query<{ statement: string }>(
      'select statement from pg_prepared_statements where statement = any($1)',
      [[twice, thrice]],
    );
    expect(kept).toEqual([{ statement: twice }]);
  });
});

test('only so many statements are kept', () => {
  const names = new StatementNames(1);
  const first = names.of('select 1');
  expect(first).toMatch(/^[0-9a-f]{32}$/);
  expect(names.of('select 2')).toBeUndefined();
  expect(names.of('select 1')).toBe(first);
});
