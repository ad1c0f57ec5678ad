import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { migrate } from '@decent-cloud/postgres';
import pg from 'pg';

export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  drop(): Promise<void>;
}

export interface TestDatabaseOptions {
  /** Folders of migrations, as for `migrate`; none gives an empty database. */
  readonly migrationsDir?: string | readonly string[];
}

const TEMPLATE_LOCK = 5_514_009;

/** The URL of the Postgres of this Jest run, as its superuser. */
export function startTestPostgres(): { readonly adminUrl: string } {
  const adminUrl = process.env.DC_TEST_DATABASE_URL;
  if (!adminUrl)
    throw new Error('DC_TEST_DATABASE_URL is not set: run this spec in the `int` project of Jest');
  return { adminUrl };
}

/** A database of this test alone, cloned from a template that is migrated once a run. Drop it in `afterAll`. */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const { adminUrl } = startTestPostgres();
  const name = `t_${randomBytes(8).toString('hex')}`;
  await withAdmin(adminUrl, async (admin) => {
    await admin.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK]);
    const template = await ensureTemplate(admin, adminUrl, options.migrationsDir);
    await admin.query(`create database "${name}" template "${template}"`);
  });
  return {
    name,
    url: urlOf(adminUrl, name),
    drop: () =>
      withAdmin(adminUrl, async (admin) => {
        await admin.query(`drop database if exists "${name}" with (force)`);
      }),
  };
}

async function ensureTemplate(
  admin: pg.Client,
  adminUrl: string,
  migrationsDir: TestDatabaseOptions['migrationsDir'],
): Promise<string> {
  if (migrationsDir === undefined) return 'template0';
  const dirs = typeof migrationsDir === 'string' ? [migrationsDir] : migrationsDir;
  const template = `tpl_${await hashOf(dirs)}`;
  const known = await admin.query('select 1 from pg_database where datname = $1 and datistemplate', [
    template,
  ]);
  if (known.rowCount) return template;
  await admin.query(`drop database if exists "${template}" with (force)`);
  await admin.query(`create database "${template}"`);
  await migrate({ connectionString: urlOf(adminUrl, template), migrationsDir: dirs });
  await admin.query(`alter database "${template}" is_template true`);
  return template;
}

async function hashOf(dirs: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const dir of dirs) {
    for (const entry of (await readdir(dir, { withFileTypes: true })).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      if (!entry.isDirectory()) continue;
      hash.update(entry.name).update(await readFile(join(dir, entry.name, 'migration.sql')));
    }
  }
  return hash.digest('hex').slice(0, 24);
}

async function withAdmin(adminUrl: string, work: (admin: pg.Client) => Promise<void>): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 10_000 });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}

function urlOf(adminUrl: string, database: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url.href;
}
