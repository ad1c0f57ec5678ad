import { type Database } from '@decent-cloud/postgres';

const KEEP_DAYS = 7;

/** Deletes what no stream can need any more, and what is known of messages that nobody sends again. */
export async function purgeMessaging(database: Database): Promise<void> {
  await database.query(
    `delete from messaging.outbox where sent_at is not null and created_at < now() - make_interval(days => $1)`,
    [KEEP_DAYS],
  );
  await database.query(`delete from messaging.inbox where received_at < now() - make_interval(days => $1)`, [
    2 * KEEP_DAYS,
  ]);
  await database.query(`delete from messaging.attempt where begun_at < now() - make_interval(days => $1)`, [
    2 * KEEP_DAYS,
  ]);
  await database.query(
    `delete from messaging.idempotency_key where created_at < now() - make_interval(days => $1)`,
    [KEEP_DAYS],
  );
}
