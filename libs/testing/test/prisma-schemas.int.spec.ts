import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createTestDatabase } from '../src/index.ts';
import { schemaDifference } from './schema-difference.ts';

const root = resolve(import.meta.dirname, '../../..');
const messagingMigrations = join(root, 'libs/outbox/migrations');
const services = readdirSync(join(root, 'prisma'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

async function differenceOf(migrations: string, schema: string): Promise<string> {
  const database = await createTestDatabase({ migrationsDir: [messagingMigrations, migrations] });
  try {
    return await schemaDifference(database.url, schema);
  } finally {
    await database.drop();
  }
}

test('there are services to look at', () => {
  expect(services).not.toEqual([]);
});

test.each(services)('%s: the schema file and the migrated database agree', async (service) => {
  const folder = join(root, 'prisma', service);
  const schema = readFileSync(join(folder, 'schema.prisma'), 'utf8');
  expect(schema).toMatch(/^model /m);
  expect(await differenceOf(join(folder, 'migrations'), schema)).toBe('');
});

describe('the check itself', () => {
  const head = 'datasource db {\n  provider = "postgresql"\n}\n';
  const model = (fields: string) => `${head}model Thing {\n  id String @id\n${fields}\n  @@map("thing")\n}\n`;
  const agreeing = model('  amountE9s BigInt @map("amount_e9s")\n  note String?\n\n  @@index([note])');
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dc-schema-'));
    await mkdir(join(folder, '20260101000000_thing'));
    await writeFile(
      join(folder, '20260101000000_thing', 'migration.sql'),
      `create table thing (id text primary key, amount_e9s bigint not null check (amount_e9s >= 0), note text);
       create index on thing (note);`,
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('says nothing when they agree', async () => {
    expect(await differenceOf(folder, agreeing)).toBe('');
  });

  test.each([
    [
      'a column that only the schema has',
      agreeing.replace('note String?', 'note String?\n  extra Int?'),
      'ADD COLUMN',
    ],
    [
      'a column that only the database has',
      model('  amountE9s BigInt @map("amount_e9s")'),
      'DROP COLUMN "note"',
    ],
    ['another type', agreeing.replace('BigInt', 'Int'), 'amount_e9s'],
    ['a column that may be null in the database only', agreeing.replace('String?', 'String'), 'SET NOT NULL'],
    ['a missing index', agreeing.replace('@@index([note])', ''), 'DROP INDEX'],
    [
      'a table that only the schema has',
      `${agreeing}model Other {\n  id Int @id\n}\n`,
      'CREATE TABLE "Other"',
    ],
  ])('finds %s', async (_what, schema, expected) => {
    expect(await differenceOf(folder, schema)).toContain(expected);
  });

  test('refuses a schema that cannot be read instead of calling it equal', async () => {
    await expect(differenceOf(folder, `${head}model Broken {`)).rejects.toThrow();
  });
});
