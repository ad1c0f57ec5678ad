import type { Sql } from '@decent-cloud/postgres';

/** How far the outbox is behind: rows not yet sent and the age of the oldest, in seconds. */
export async function outboxLag(sql: Sql): Promise<{ unsent: number; oldestSeconds: number }> {
  const [row] = await sql.query<{ unsent: number; oldest: number }>(
    `select count(*)::int as unsent,
            coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8 as oldest
     from messaging.outbox where sent_at is null`,
  );
  return { unsent: row?.unsent ?? 0, oldestSeconds: row?.oldest ?? 0 };
}
