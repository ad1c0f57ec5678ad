import { createTestDatabase, type TestDatabase } from '@decent-cloud/testing';
import { Database, PreparedTexts, prepared } from '../src/index.ts';

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

test('a prepared statement is planned once for each connection; only so many texts are kept', async () => {
  const twice = prepared('select $1::int * 2 as twice');
  const texts = new PreparedTexts(1);
  expect(texts.of(twice.text)).toEqual(twice);
  expect(texts.of('select 1')).toBe('select 1');
  await database.transaction(async (sql) => {
    for (const number of [1, 2]) expect(await sql.query(twice, [number])).toEqual([{ twice: 2 * number }]);
    const known = await sql.query<{ name: string }>(
      'select name from pg_prepared_statements where statement = $1',
      [twice.text],
    );
    expect(known).toEqual([{ name: twice.name }]);
  });
});
