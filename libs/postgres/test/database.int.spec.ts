import { createTestDatabase, type TestDatabase } from '@decent-cloud/testing';
import { Database } from '../src/index.ts';

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
