import { type Sql } from '@decent-cloud/postgres';

/** Takes consumer and message id; gives a row when it is the first time. */
export const RECEIVE = `insert into messaging.inbox (consumer, message_id) values ($1, $2) on conflict do nothing returning 1`;

/**
 * Notes that this consumer has seen this message, in the transaction of its effect.
 * False: it was seen before, do nothing.
 */
export async function receiveOnce(sql: Sql, consumer: string, messageId: string): Promise<boolean> {
  const rows = await sql.query(RECEIVE, [consumer, messageId]);
  return rows.length === 1;
}
