import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

export interface MigrateOptions {
  readonly connectionString: string;
  /** Folders in Prisma's shape: `<timestamp>_<name>/migration.sql`. */
  readonly migrationsDir: string | readonly string[];
  /** How long to wait for another replica that is migrating. */
  readonly lockTimeoutMs?: number;
}

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

const ADVISORY_LOCK = 7_216_204_511;
const NAMED_AT_MOST = 5;

/** The database was migrated by a newer version than this one. Nothing was changed. */
export class NewerDatabaseError extends Error {
  override readonly name = 'NewerDatabaseError';
  constructor(readonly migrations: readonly string[]) {
    const named = migrations.slice(0, NAMED_AT_MOST).join(', ');
    const more = migrations.length > NAMED_AT_MOST ? ` and ${migrations.length - NAMED_AT_MOST} more` : '';
    super(
      `this version is older than its database, which has migrations that it does not know (${named}${more}): ` +
        'start the version that made them or a newer one, or restore a backup from before them',
    );
  }
}

/**
 * Applies every migration that this database has not seen, in order of name, each in a transaction; replicas take turns.
 * @throws NewerDatabaseError when it has seen others; Error when an applied migration was edited afterwards, or SQL fails (that migration then has changed nothing).
 */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  const migrations = await readMigrations(options.migrationsDir);
  const client = new pg.Client({
    connectionString: options.connectionString,
    connectionTimeoutMillis: 10_000,
    lock_timeout: options.lockTimeoutMs ?? 60_000,
  });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [ADVISORY_LOCK]);
    await client.query(`create table if not exists _migration (
      name text primary key, checksum text not null, applied_at timestamptz not null default now())`);
    const { rows } = await client.query<{ name: string; checksum: string }>(
      'select name, checksum from _migration',
    );
    const applied = new Map(rows.map((row) => [row.name, row.checksum]));
    refuseNewer([...applied.keys()], migrations);
    const fresh: string[] = [];
    for (const migration of migrations) {
      const checksum = applied.get(migration.name);
      if (checksum === migration.checksum) continue;
      if (checksum !== undefined) {
        throw new Error(`migration ${migration.name} was edited after it was applied: add a new one instead`);
      }
      await apply(client, migration);
      fresh.push(migration.name);
    }
    return fresh;
  } finally {
    await client.end();
  }
}

/** A program that is older than its database would write what the newer one does not expect. */
function refuseNewer(applied: readonly string[], known: readonly Migration[]): void {
  const names = new Set(known.map(({ name }) => name));
  const unknown = applied.filter((name) => !names.has(name)).sort();
  if (unknown.length > 0) throw new NewerDatabaseError(unknown);
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  try {
    await client.query('begin');
    await client.query(migration.sql);
    await client.query('insert into _migration (name, checksum) values ($1, $2)', [
      migration.name,
      migration.checksum,
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw new Error(`migration ${migration.name} failed`, { cause: error });
  }
}

async function readMigrations(dirs: string | readonly string[]): Promise<Migration[]> {
  const migrations: Migration[] = [];
  for (const dir of typeof dirs === 'string' ? [dirs] : dirs) {
    for (const entry of await readdir(dir, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const sql = await readFile(join(dir, entry.name, 'migration.sql'), 'utf8');
      migrations.push({ name: entry.name, sql, checksum: createHash('sha256').update(sql).digest('hex') });
    }
  }
  return migrations.sort((a, b) => (a.name < b.name ? -1 : 1));
}
