import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '@decent-cloud/testing';
import { Database, migrate, NewerDatabaseError } from '../src/index.ts';

let folder: string;
let server: TestDatabase;
beforeAll(async () => {
  [folder, server] = await Promise.all([mkdtemp(join(tmpdir(), 'dc-migrations-')), createTestDatabase()]);
});
afterAll(async () => {
  await server.drop();
  await rm(folder, { recursive: true, force: true });
});

async function add(name: string, sql: string): Promise<void> {
  await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, name, 'migration.sql'), sql);
}
const run = () => migrate({ connectionString: server.url, migrationsDir: folder });

test('a version that is older than its database does not start, says what to do, and changes nothing', async () => {
  await add('20260101000000_first', 'create table first (id int)');
  await add('20260102000000_second', 'create table second (id int)');
  expect(await run()).toHaveLength(2);
  expect(await run()).toEqual([]);

  await rm(join(folder, '20260102000000_second'), { recursive: true });
  // What it has itself and the database has not, it must not bring in either.
  await add('20260103000000_third', 'create table third (id int)');
  await expect(run()).rejects.toThrow(NewerDatabaseError);
  await expect(run()).rejects.toThrow(
    /20260102000000_second\): start the version that made them or a newer one/,
  );
  const database = new Database({ connectionString: server.url, applicationName: 'spec' });
  const third = await database.query("select 1 from pg_tables where tablename = 'third'");
  await database.close();
  expect(third).toEqual([]);

  await add('20260102000000_second', 'create table second (id int)');
  expect(await run()).toEqual(['20260103000000_third']);
});

test('of many unknown migrations some are named', () => {
  const names = Array.from({ length: 8 }, (_, index) => `m${index}`);
  expect(new NewerDatabaseError(names).message).toContain('(m0, m1, m2, m3, m4 and 3 more)');
});
