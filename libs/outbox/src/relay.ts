import { crash } from '@decent-cloud/kernel';
import { type Database } from '@decent-cloud/postgres';
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import { headers as createHeaders } from '@nats-io/transport-node';
import { OUTBOX } from './emit.ts';
import { LostMessages } from './lost-messages.ts';
import { purgeMessaging } from './purge.ts';
import { Wake } from './wake.ts';

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
const STREAM_CHECK_MS = 15_000;
/** Of a batch; the others are those that have waited longest. */
const NEWEST_SHARE = 0.2;
const PURGE_MS = 3_600_000;

/** Claims and marks need not survive a crash of the database: without them, messages are only published again. */
const UNFLUSHED = `unflushed as materialized (select set_config('synchronous_commit', 'off', true))`;
/** Free, or claimed by a clock that was ahead of time. */
const UNCLAIMED = `sent_at is null and (claimed_until < now() or claimed_until > now() + interval '5 minutes')`;
/** The newest and the oldest: somebody waits for what was published just now, and what has waited longest gets on too. */
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
  private readonly lost: LostMessages;

  constructor(private readonly options: RelayOptions) {
    this.lost = new LostMessages(options.database, options.manager);
  }

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
    const witnesses = this.lost.newestSent();
    // It is waited for below; a failure until then is no failure that nobody handles.
    witnesses.catch(() => undefined);
    // All that waits fits in: then it goes out as it was published.
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
    const areThere = await Promise.all((await witnesses).map((row) => this.lost.isThere(row)));
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

  /** Compares each stream with what it had acknowledged and marks lost rows as unsent. Returns how many. */
  republishLost(): Promise<number> {
    return this.lost.markUnsent();
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
      await purgeMessaging(this.options.database);
      this.lastPurgeMs = nowMs;
    }
  }
}
