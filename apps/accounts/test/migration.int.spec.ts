import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database, migrate } from '@decent-cloud/postgres';
import { createTestDatabase } from '@decent-cloud/testing';

const MIGRATIONS = join(import.meta.dirname, '../../../prisma/accounts/migrations');
const hex = (text: string, length: number): string => Buffer.from(text).toString('hex').padEnd(length, '0');

test('keys that were added and never signed become invitations; those that were disabled are free', async () => {
  const test = await createTestDatabase();
  const migrationsDir = await mkdtemp(join(tmpdir(), 'dc-migrations-'));
  const apply = async (name: string) => {
    await cp(join(MIGRATIONS, name), join(migrationsDir, name), { recursive: true });
    await migrate({ connectionString: test.url, migrationsDir });
  };
  const database = new Database({ connectionString: test.url, applicationName: 'spec', maxConnections: 1 });
  try {
    await apply('20261124200000_accounts');
    const account = hex('alice', 32);
    await database.query(
      `insert into account (id, username, canonical_username, email, email_verified, auto_created, created_at_ns, updated_at_ns)
       values ($1, 'alice', 'alice', 'alice@example.com', true, false, 1, 1)`,
      [account],
    );
    const insert = (name: string, proven: boolean, disabledBy: string | null) =>
      database.query(
        `insert into account_key (id, account_id, public_key, is_active, proven, device_name, added_at_ns, disabled_at_ns,
           disabled_by_key_id, operation_id)
         values ($1, $2, $3, $4, $5, $6, 7, $7, $8, gen_random_uuid())`,
        [
          ...[hex(name, 32), account, hex(name, 64), disabledBy === null, proven, name],
          ...[disabledBy === null ? null : 9n, disabledBy === null ? null : hex(disabledBy, 32)],
        ],
      );
    await insert('registered', true, null);
    await insert('phone', false, null);
    await insert('old', true, 'phone');
    await insert('named', false, null);
    await insert('shut out', false, 'registered');

    await apply('20261201100000_key_invitations');
    const names = async (table: string) =>
      (
        await database.query<{ name: string }>(
          `select device_name as name from ${table} order by device_name`,
        )
      ).map(({ name }) => name);
    expect(await names('account_key')).toEqual(['old', 'phone', 'registered']);
    expect(await names('key_invitation')).toEqual(['named']);
  } finally {
    await database.close();
    await test.drop();
    await rm(migrationsDir, { recursive: true });
  }
});
