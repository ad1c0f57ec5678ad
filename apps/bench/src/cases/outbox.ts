import { DurableReader, ensureStream } from '@decent-cloud/bus';
import { printExactJson, systemClock, uuidV7 } from '@decent-cloud/kernel';
import { type ConsumerDeclaration, streams } from '@decent-cloud/messages';
import { enqueue, messagingMigrationsDir, OutboxRelay } from '@decent-cloud/outbox';
import { Database } from '@decent-cloud/postgres';
import { createTestDatabase, eventually } from '@decent-cloud/testing';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Bench, Case } from '../bench.ts';
import { inParallel } from '../load/http-load.ts';
import { median, percentile } from '../report/percentile.ts';

const SUBJECT = 'evt.bench.v1.something-happened';
const ROUNDS = 3;
const MESSAGES_A_ROUND = 6_000;
const PUBLISHED_AT_ONCE = 256;
const COMMITS_A_SECOND = 500;
const COMMITS = 3_000;
const TEXT = 'x'.repeat(200);

const RELAY = 'outbox relay in batches';
const P50 = 'commit to consumer, p50';
const P99 = 'commit to consumer, p99';
const perSecond = 'msg/s';

export const outboxRelay: Case = {
  lines: [{ bar: 'P7', name: RELAY }],
  async run(bench) {
    const { database, connection } = await messaging(bench);
    const js = jetstream(connection);
    const relay = await relayOf(database, connection);
    const published: number[] = [];
    const relayed: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const payload = printExactJson({ text: TEXT, atNs: systemClock() }) as string;
      const publishing = performance.now();
      await inParallel(new Array(MESSAGES_A_ROUND).fill(0), PUBLISHED_AT_ONCE, () =>
        js.publish(SUBJECT, payload, { msgID: uuidV7(systemClock()), timeout: 10_000 }),
      );
      published.push(MESSAGES_A_ROUND / ((performance.now() - publishing) / 1_000));

      const messages = Array.from({ length: 500 }, () => ({ subject: SUBJECT, payload }));
      for (let written = 0; written < MESSAGES_A_ROUND; written += messages.length) {
        await enqueue(database, messages, systemClock());
      }
      const relaying = performance.now();
      for (let left = MESSAGES_A_ROUND; left > 0; ) {
        const moved = await relay.relayBatch();
        if (moved === 0) throw new Error(`${left} messages are left in the outbox`);
        left -= moved;
      }
      relayed.push(MESSAGES_A_ROUND / ((performance.now() - relaying) / 1_000));
    }
    const measured = { value: median(relayed), unit: perSecond };
    const yardstick = { what: 'pipelined publish', value: median(published), unit: perSecond };
    return [
      {
        bar: 'P7',
        name: RELAY,
        measured,
        yardstick,
        ratio: measured.value / yardstick.value,
        limit: { atLeast: 0.65 },
        note: 'the broker flushes before it acknowledges',
      },
    ];
  },
};

export const commitToConsumer: Case = {
  lines: [
    { bar: 'P8', name: P50 },
    { bar: 'P8', name: P99 },
  ],
  async run(bench) {
    const { database, connection } = await messaging(bench);
    const faults: unknown[] = [];
    const relay = await relayOf(database, connection, (error) => faults.push(error));
    relay.start();
    bench.atEnd(() => relay.stop());
    const committedAt = new Map<string, number>();
    const milliseconds: number[] = [];
    const consumer: ConsumerDeclaration = {
      durable: 'bench',
      stream: 'FACTS',
      filterSubjects: ['evt.bench.v1.committed'],
      ackWaitSeconds: 30,
      maxAckPending: 512,
      maxDeliver: 50,
    };
    const reader = new DurableReader({
      connection,
      declaration: consumer,
      onTrouble: (error) => faults.push(error),
      handle: async (message) => {
        const id = message.headers?.get('Nats-Msg-Id') ?? '';
        const at = committedAt.get(id);
        if (at !== undefined) milliseconds.push(performance.now() - at);
        committedAt.delete(id);
        return { verdict: 'done' };
      },
    });
    reader.start();
    bench.atEnd(() => reader.stop());
    const commit = async (): Promise<void> => {
      const id = uuidV7(systemClock());
      const payload = printExactJson({ text: TEXT }) as string;
      await database.transaction(async (sql) => {
        await enqueue(sql, [{ id, subject: 'evt.bench.v1.committed', payload }], systemClock());
        committedAt.set(id, performance.now());
      });
    };
    // Connections, plans and the consumer itself are there before it counts.
    for (let n = 0; n < 200; n++) await commit();
    await eventually(() => milliseconds.length === 200, { what: 'the first messages', deadlineMs: 20_000 });
    milliseconds.length = 0;
    const alone = await commitAndPublish(database, connection);
    const took = await atRate(COMMITS, COMMITS_A_SECOND, commit);
    await eventually(() => milliseconds.length === COMMITS, { what: 'every message', deadlineMs: 20_000 });
    if (faults.length > 0) throw new Error(`${faults.length} faults on the way`, { cause: faults[0] });
    const note = `${Math.round(COMMITS / took)} commits/s, of ${COMMITS_A_SECOND} meant; from just before the commit`;
    const line = (name: string, percent: number, atMost: number) => ({
      bar: 'P8',
      name,
      measured: { value: percentile(milliseconds, percent), unit: 'ms' },
      yardstick: { what: 'a commit and a publish', value: percentile(alone, percent), unit: 'ms' },
      limit: { atMost },
      note,
    });
    return [line(P50, 50, 2), line(P99, 99, 10)];
  },
};

/** The least that it can take here: both write to the disk and wait for it. Nothing else runs meanwhile. */
async function commitAndPublish(database: Database, connection: NatsConnection): Promise<number[]> {
  const js = jetstream(connection);
  await database.query('create table if not exists bench_row (id uuid primary key, body text)');
  const milliseconds: number[] = [];
  for (let n = 0; n < 300; n++) {
    const id = uuidV7(systemClock());
    const started = performance.now();
    await database.query('insert into bench_row values ($1, $2)', [id, TEXT]);
    await js.publish(SUBJECT, TEXT, { msgID: id, timeout: 10_000 });
    milliseconds.push(performance.now() - started);
  }
  return milliseconds;
}

/** Starts so many a second, whether those before are done or not; gives the seconds that it took. */
async function atRate(count: number, perSecond: number, work: () => Promise<void>): Promise<number> {
  const running: Promise<void>[] = [];
  const started = performance.now();
  while (running.length < count) {
    const due = Math.min(count, Math.floor(((performance.now() - started) / 1_000) * perSecond) + 1);
    while (running.length < due) running.push(work());
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(running);
  return (performance.now() - started) / 1_000;
}

async function messaging(bench: Bench): Promise<{ database: Database; connection: NatsConnection }> {
  const made = await createTestDatabase({ migrationsDir: messagingMigrationsDir });
  bench.atEnd(() => made.drop());
  const database = new Database({ connectionString: made.url, applicationName: 'bench' });
  bench.atEnd(() => database.close());
  const connection = await bench.connection();
  await ensureStream(await jetstreamManager(connection), streams.FACTS);
  return { database, connection };
}

async function relayOf(
  database: Database,
  connection: NatsConnection,
  onError: (error: unknown) => void = () => undefined,
): Promise<OutboxRelay> {
  return new OutboxRelay({
    database,
    jetstream: jetstream(connection),
    manager: await jetstreamManager(connection),
    onError,
  });
}
