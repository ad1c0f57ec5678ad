import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock, uuidV7 } from '@decent-cloud/kernel';
import { streams } from '@decent-cloud/messages';
import { eventually, printFigures } from '@decent-cloud/testing';
import { jetstream } from '@nats-io/jetstream';
import { enqueue, outboxLag } from '../src/index.ts';
import { OutboxStage } from './outbox-stage.ts';

const WRITERS = 14;
const LOAD_MS = 8_000;
const ROWS_PER_TRANSACTION = 16;
const stage = OutboxStage.forFile({
  streams: [streams.FACTS],
  maxConnections: WRITERS + 8,
  relays: { claimSeconds: 30 },
});

class Aborted extends Error {}

/** One transaction of the load: mostly short, three in ten with a wait of up to 10 ms, a few long, some of no effect. */
async function write(round: number): Promise<string[]> {
  const ids = Array.from({ length: ROWS_PER_TRANSACTION }, () => uuidV7(systemClock()));
  const isAborted = round % 11 === 5;
  const holdMs = round % 97 === 50 ? 1_500 : Math.random() < 0.3 ? Math.random() * 10 : 0;
  const text = isAborted ? 'aborted' : 'kept';
  try {
    await stage.database.transaction(async (sql) => {
      await enqueue(
        sql,
        ids.map((id) => ({ id, subject: 'evt.test.v1.said', payload: text })),
        systemClock(),
      );
      if (holdMs > 0) await sleep(holdMs);
      if (isAborted) throw new Aborted();
    });
  } catch (error) {
    if (!(error instanceof Aborted)) throw error;
    return [];
  }
  return ids;
}

/** What must not be done: it remembers the last sequence number that it has seen, and looks for greater ones. */
async function readByCursor(isOver: () => boolean): Promise<Set<string>> {
  const seen = new Set<string>();
  let last = 0n;
  for (;;) {
    const wasOver = isOver();
    const rows = await stage.database.query<{ id: string; seq: bigint }>(
      'select id, seq from messaging.outbox where seq > $1 order by seq limit 2000',
      [last],
    );
    for (const { id } of rows) seen.add(id);
    last = rows.at(-1)?.seq ?? last;
    if (rows.length === 0 && wasOver) return seen;
    if (rows.length === 0) await sleep(5);
  }
}

async function published(): Promise<{ ids: string[]; aborted: number }> {
  const consumer = await jetstream(stage.connection).consumers.get('FACTS', {});
  const { num_pending: many } = await consumer.info();
  const ids: string[] = [];
  let aborted = 0;
  if (many === 0) return { ids, aborted };
  const messages = await consumer.consume({ max_messages: 1_000 });
  for await (const message of messages) {
    ids.push(message.headers?.get('Nats-Msg-Id') ?? '');
    if (message.string() === 'aborted') aborted++;
    if (message.info.pending === 0) break;
  }
  return { ids, aborted };
}

test('under load, with long and aborted transactions, two relays publish what was committed and nothing else', async () => {
  stage.startRelay();
  stage.startRelay();
  const until = performance.now() + LOAD_MS;
  const isOver = () => performance.now() >= until;
  let transactions = 0;
  let isWritten = false;
  const byCursor = readByCursor(() => isWritten);
  const written = await Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      const ids: string[] = [];
      for (let round = writer * 7; !isOver(); round++) {
        ids.push(...(await write(round)));
        transactions++;
      }
      return ids;
    }),
  );
  const committed = written.flat();
  const seconds = (performance.now() - until + LOAD_MS) / 1_000;
  isWritten = true;
  await eventually(async () => (await outboxLag(stage.database)).unsent === 0, { deadlineMs: 120_000 });
  const drained = (performance.now() - until) / 1_000;

  const { ids, aborted } = await published();
  const there = new Set(ids);
  const missing = committed.filter((id) => !there.has(id));
  const seenByCursor = await byCursor;
  const missedByCursor = committed.filter((id) => !seenByCursor.has(id));
  printFigures('outbox', {
    writers: WRITERS,
    transactions,
    committed: committed.length,
    'committed per second': committed.length / seconds,
    published: ids.length,
    missing: missing.length,
    'seconds from last commit to last publish': drained,
    'missed by a sequence cursor': missedByCursor.length,
    'in percent': (100 * missedByCursor.length) / committed.length,
  });
  expect(missing).toEqual([]);
  expect(ids).toHaveLength(committed.length);
  expect(there.size).toBe(committed.length);
  expect(aborted).toBe(0);
  expect(transactions).toBeGreaterThan(WRITERS * 10);
  // The proof that this load can lose something.
  expect(missedByCursor.length).toBeGreaterThan(0);
  expect(stage.troubles).toEqual([]);
}, 240_000);
