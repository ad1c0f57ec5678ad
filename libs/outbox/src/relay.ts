import { crash } from '@decent-cloud/kernel';
import { type Database } from '@decent-cloud/postgres';
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import { headers as createHeaders } from '@nats-io/transport-node';
import { OUTBOX } from './emit.ts';

export interface RelayOptions {
  readonly database: Database;
  readonly jetstream: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly onError: (error: unknown, doing: string) => void;
  readonly onPublished?: (count: number) => void;
  /** Header fields that show who says it. */
  readonly sign?: (message: { subject: string; id: string; payload: string }) => Record<string, string>;
  /** Makes streams that are gone again; called at start, after failures and from time to time. */
  readonly ensureStreams?: () => Promise<void>;
  readonly batchSize?: number;
  /** For what others have committed and not carried on: they have died, or wait for their broker. */
  readonly pollMs?: number;
  readonly publishTimeoutMs?: number;
  /** A claim that is not finished in this time is taken over by another relay. */
  readonly claimSeconds?: number;
}

interface OutboxRow {
  id: string;
  seq: bigint;
  subject: string;
  payload: string;
  headers: Record<string, string>;
  /** One of the newest that waited. */
  isNew: boolean;
}

const ACCOUNT_KEY = /\bA[A-Z2-7]{55}\b/;
const KEEP_DAYS = 7;
const STREAM_CHECK_MS = 15_000;
/** Of a batch; the others are those that have waited longest. */
const NEWEST_SHARE = 0.2;
const PURGE_MS = 3_600_000;

/** Claims and marks need not survive a crash of the database: without them, messages are only published again. */
const UNFLUSHED = `unflushed as materialized (select set_config('synchronous_commit', 'off', true))`;
/** Free, or claimed by a clock that was ahead of time. */
const UNCLAIMED = `sent_at is null and (claimed_until < now() or claimed_until > now() + interval '5 minutes')`;
/** The newest and the oldest: somebody waits for what was said just now, and what has waited longest gets on too. */
const CLAIM = `with ${UNFLUSHED}, newest as materialized (
     select id from messaging.outbox where ${UNCLAIMED}
     order by seq desc limit $1 for update skip locked),
   oldest as materialized (
     select id from messaging.outbox where ${UNCLAIMED} and id not in (select id from newest)
     order by seq limit $2 for update skip locked),
   due as (select id, true as is_new from newest union all select id, false from oldest)
   update messaging.outbox o set claimed_until = now() + make_interval(secs => $3)
   from due, unflushed where o.id = due.id
   returning o.id, o.seq, o.subject, o.payload, o.headers, due.is_new as "isNew"`;
const MARK = `with ${UNFLUSHED}, sent as (
     update messaging.outbox o set sent_at = now(), stream = s.stream, stream_seq = s.seq
     from unnest($1::uuid[], $2::text[], $3::bigint[]) as s(id, stream, seq), unflushed where o.id = s.id
     returning s.stream, s.seq),
   released as (
     update messaging.outbox set claimed_until = now() + interval '1 second' where id = any($4::uuid[]))
   update messaging.outbox_stream k set last_seq = greatest(k.last_seq, top.seq)
   from (select stream, max(seq) as seq from sent group by stream) top where k.stream = top.stream`;

/** A row as a stream has acknowledged it. */
interface SentRow {
  stream: string;
  id: string;
  seq: bigint;
}
/** The newest row of each stream. */
const NEWEST_SENT = `select k.stream, newest.id, newest.stream_seq as seq from messaging.outbox_stream k
   cross join lateral (
     select id, stream_seq from messaging.outbox where stream = k.stream and sent_at is not null
     order by stream_seq desc limit 1) newest`;

/**
 * Carries committed outbox rows to JetStream: claim a batch, publish it pipelined with the row's id as `Nats-Msg-Id`, mark it.
 * While more waits than a batch holds, the newest rows go first: a backlog holds up nobody who waits now.
 * Rows are kept for 7 days; when a stream was deleted or rolled back, what it lost is published again.
 * Any number of relays may run; a claim is a lease, so a paused one holds up nobody for long.
 */
export class OutboxRelay {
  private readonly wake = new Wake();
  private running: Promise<void> | undefined;
  private deafen: (() => void) | undefined;
  private stopping = false;
  private lastStreamCheckMs = Number.NEGATIVE_INFINITY;
  private lastPurgeMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: RelayOptions) {}

  start(): void {
    this.deafen = this.options.database.onSignal(OUTBOX, () => this.wake.ring());
    this.running = this.run();
  }

  /** Finishes the batch in hand and stops. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wake.ring();
    await this.running;
    this.deafen?.();
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      try {
        await this.housekeeping();
        const moved = await this.relayBatch();
        if (moved < this.batchSize) await this.wake.wait(this.options.pollMs ?? 1_000);
      } catch (error) {
        this.options.onError(error, 'relay the outbox');
        // A publish fails when its stream is gone: look at once.
        this.lastStreamCheckMs = Number.NEGATIVE_INFINITY;
        await this.wake.wait(1_000);
      }
    }
  }

  private get batchSize(): number {
    return this.options.batchSize ?? 500;
  }

  /** Moves one batch; returns how many rows were claimed. */
  async relayBatch(): Promise<number> {
    const { database } = this.options;
    const { batchSize } = this;
    const newest = Math.ceil(batchSize * NEWEST_SHARE);
    const rows = await database.query<OutboxRow>(CLAIM, [
      newest,
      batchSize - newest,
      this.options.claimSeconds ?? 15,
    ]);
    if (rows.length === 0) return 0;
    const isBacklog = rows.length === batchSize;
    const witnesses = database.query<SentRow>(NEWEST_SENT);
    // It is waited for below; a failure until then is no failure that nobody handles.
    witnesses.catch(() => undefined);
    // All that waits fits in: then it goes out as it was said.
    rows.sort((a, b) => (isBacklog && a.isNew !== b.isNew ? (a.isNew ? -1 : 1) : a.seq < b.seq ? -1 : 1));
    const outcomes = await Promise.allSettled(rows.map((row) => this.publish(row)));
    const sent: { id: string; stream: string; seq: number }[] = [];
    const failed: string[] = [];
    let failure: unknown;
    outcomes.forEach((outcome, index) => {
      const id = (rows[index] as OutboxRow).id;
      if (outcome.status === 'fulfilled') sent.push({ id, ...outcome.value });
      else {
        failed.push(id);
        failure = outcome.reason;
      }
    });
    // Before the marks: afterwards the new rows would hide that a stream has lost older ones.
    const areThere = await Promise.all((await witnesses).map((row) => this.isThere(row)));
    if (areThere.includes(false)) await this.republishLost();
    await this.mark(sent, failed);
    this.options.onPublished?.(sent.length);
    for (const row of rows) {
      if (!failed.includes(row.id)) crash.points?.pass(this.pointOf(row, 'after-mark'));
    }
    if (failed.length > 0)
      throw new Error(`${failed.length} of ${rows.length} messages not published`, { cause: failure });
    return rows.length;
  }

  private async publish(row: OutboxRow): Promise<{ stream: string; seq: number }> {
    const headers = createHeaders();
    const fields = { ...row.headers, ...this.options.sign?.(row) };
    for (const [name, value] of Object.entries(fields)) headers.set(name, value);
    const send = () =>
      this.options.jetstream.publish(row.subject, row.payload, {
        msgID: row.id,
        headers,
        timeout: this.options.publishTimeoutMs ?? 5_000,
      });
    crash.points?.pass(this.pointOf(row, 'before'));
    let ack = await send();
    if (crash.points?.pass(this.pointOf(row, 'after-publish'))) ack = await send();
    return { stream: ack.stream, seq: ack.seq };
  }

  private pointOf({ subject }: OutboxRow, place: string): string {
    const name = subject.replace(ACCOUNT_KEY, '*');
    return `${this.options.database.options.applicationName}:publish:${name}:${place}`;
  }

  private async mark(sent: { id: string; stream: string; seq: number }[], failed: string[]): Promise<void> {
    await this.options.database.query(MARK, [
      sent.map((row) => row.id),
      sent.map((row) => row.stream),
      sent.map((row) => row.seq),
      failed,
    ]);
  }

  private async housekeeping(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.lastStreamCheckMs >= STREAM_CHECK_MS) {
      await this.options.ensureStreams?.();
      await this.republishLost();
      this.lastStreamCheckMs = nowMs;
    }
    if (nowMs - this.lastPurgeMs >= PURGE_MS) {
      await this.purge();
      this.lastPurgeMs = nowMs;
    }
  }

  /** Does the stream still have this row under the number that it gave? */
  private async isThere({ stream, id, seq }: SentRow): Promise<boolean> {
    const message = await this.options.manager.streams.getMessage(stream, { seq: Number(seq) });
    return message?.header.get('Nats-Msg-Id') === id;
  }

  /**
   * Up to which number the stream still has what it acknowledged; undefined: all of it. Its length does not tell: one
   * that came back shorter grows again, with other messages. Steps get wider, so a bit too much may be sent again.
   */
  private async intactSeq(stream: string, firstSeq: number): Promise<bigint | undefined> {
    for (let offset = 0; ; offset = 2 * offset + 1) {
      const [row] = await this.options.database.query<SentRow>(
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
  async republishLost(): Promise<number> {
    let lost = 0;
    const names = await this.options.database.query<{ stream: string }>(
      'select distinct stream from messaging.outbox where stream is not null',
    );
    for (const { stream } of names) {
      const info = await this.options.manager.streams.info(stream);
      const intactSeq = await this.intactSeq(stream, info.state.first_seq);
      lost += await this.options.database.transaction(async (sql) => {
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

  private async purge(): Promise<void> {
    await this.options.database.query(
      `delete from messaging.outbox where sent_at is not null and created_at < now() - make_interval(days => $1)`,
      [KEEP_DAYS],
    );
    await this.options.database.query(
      `delete from messaging.inbox where received_at < now() - make_interval(days => $1)`,
      [2 * KEEP_DAYS],
    );
    await this.options.database.query(
      `delete from messaging.attempt where begun_at < now() - make_interval(days => $1)`,
      [2 * KEEP_DAYS],
    );
    await this.options.database.query(
      `delete from messaging.idempotency_key where created_at < now() - make_interval(days => $1)`,
      [KEEP_DAYS],
    );
  }
}

/** Wakes one sleeper; a ring while nobody sleeps is not lost. */
class Wake {
  private rung = false;
  private release: (() => void) | undefined;

  ring(): void {
    this.rung = true;
    this.release?.();
  }

  async wait(timeoutMs: number): Promise<void> {
    if (!this.rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.release = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.release = undefined;
    this.rung = false;
  }
}
