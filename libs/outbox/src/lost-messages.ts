import { type Database } from '@decent-cloud/postgres';
import type { JetStreamManager } from '@nats-io/jetstream';

/** A row as a stream has acknowledged it. */
export interface SentRow {
  stream: string;
  id: string;
  seq: bigint;
}
/** The newest row of each stream. */
const NEWEST_SENT = `select k.stream, newest.id, newest.stream_seq as seq from messaging.outbox_stream k
   cross join lateral (
     select id, stream_seq from messaging.outbox where stream = k.stream and sent_at is not null
     order by stream_seq desc limit 1) newest`;

/** What streams have lost of what they acknowledged, by looking for it: each of them can be deleted or rolled back. */
export class LostMessages {
  constructor(
    private readonly database: Database,
    private readonly manager: JetStreamManager,
  ) {}

  /** The newest row that each stream has acknowledged. */
  newestSent(): Promise<SentRow[]> {
    return this.database.query<SentRow>(NEWEST_SENT);
  }

  /** Does the stream still have this row under the number that it gave? */
  async isThere({ stream, id, seq }: SentRow): Promise<boolean> {
    const message = await this.manager.streams.getMessage(stream, { seq: Number(seq) });
    return message?.header.get('Nats-Msg-Id') === id;
  }

  /**
   * Up to which number the stream still has what it acknowledged; undefined: all of it. Its length does not tell: one
   * that came back shorter grows again, with other messages. Steps get wider, so a bit too much may be sent again.
   */
  private async intactSeq(stream: string, firstSeq: number): Promise<bigint | undefined> {
    for (let offset = 0; ; offset = 2 * offset + 1) {
      const [row] = await this.database.query<SentRow>(
        `select stream, id, stream_seq as seq from messaging.outbox where stream = $1 and sent_at is not null
         order by stream_seq desc offset $2 limit 1`,
        [stream, offset],
      );
      // What is older than the stream's first message has left it in time.
      const isIntact = row !== undefined && (row.seq < BigInt(firstSeq) || (await this.isThere(row)));
      if (row !== undefined && !isIntact) continue;
      if (offset === 0) return undefined;
      return row?.seq ?? 0n;
    }
  }

  /** Compares each stream with what it had acknowledged and marks lost rows as unsent. Returns how many. */
  async markUnsent(): Promise<number> {
    let lost = 0;
    const names = await this.database.query<{ stream: string }>(
      'select distinct stream from messaging.outbox where stream is not null',
    );
    for (const { stream } of names) {
      const info = await this.manager.streams.info(stream);
      const intactSeq = await this.intactSeq(stream, info.state.first_seq);
      lost += await this.database.transaction(async (sql) => {
        const [known] = await sql.query<{ created: string; last_seq: bigint }>(
          'select created, last_seq from messaging.outbox_stream where stream = $1 for update',
          [stream],
        );
        const recreated = known !== undefined && known.created !== info.created;
        const rolledBack = intactSeq !== undefined;
        let rows: object[] = [];
        if (recreated || rolledBack) {
          rows = await sql.query(
            `update messaging.outbox set sent_at = null, stream_seq = null, claimed_until = '-infinity'
             where stream = $1 and sent_at is not null and ($2 or stream_seq > $3) returning id`,
            [stream, recreated, intactSeq ?? null],
          );
        }
        await sql.query(
          `insert into messaging.outbox_stream (stream, created, last_seq) values ($1, $2, $3)
           on conflict (stream) do update set created = $2,
             last_seq = case when $4 then $3 else greatest(outbox_stream.last_seq, $3) end`,
          [stream, info.created, info.state.last_seq, recreated || rolledBack],
        );
        return rows.length;
      });
    }
    return lost;
  }
}
