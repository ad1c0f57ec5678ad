import type { AttemptLog } from '@decent-cloud/bus';
import type { Sql } from '@decent-cloud/postgres';

interface Delivered {
  readonly info: { readonly stream: string; readonly timestampNanos: number | bigint };
  readonly seq: number;
}

/** What a consumer was working on, in the service's own database. */
export function attemptsIn(sql: Sql, consumer: string): AttemptLog {
  // A stream that was made anew counts from one again.
  const idOf = ({ info, seq }: Delivered) => `${info.stream}:${seq}:${info.timestampNanos}`;
  return {
    async unended(message) {
      const [row] = await sql.query<{ unended: number }>(
        'select unended from messaging.attempt where consumer = $1 and message_id = $2',
        [consumer, idOf(message)],
      );
      return row?.unended ?? 0;
    },
    async begin(message) {
      await sql.query(
        `insert into messaging.attempt (consumer, message_id, unended) values ($1, $2, 1)
         on conflict (consumer, message_id) do update set unended = attempt.unended + 1, begun_at = now()`,
        [consumer, idOf(message)],
      );
    },
    async end(message) {
      await sql.query('delete from messaging.attempt where consumer = $1 and message_id = $2', [
        consumer,
        idOf(message),
      ]);
    },
  };
}
