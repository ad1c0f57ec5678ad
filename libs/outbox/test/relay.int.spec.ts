import { connectBus, ensureStream } from '@decent-cloud/bus';
import { systemClock, uuidV7 } from '@decent-cloud/kernel';
import { type StreamDeclaration } from '@decent-cloud/messages';
import { Database } from '@decent-cloud/postgres';
import {
  createTestDatabase,
  eventually,
  startTestNats,
  type TestDatabase,
  type TestNats,
} from '@decent-cloud/testing';
import { type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { enqueue, messagingMigrationsDir, OutboxRelay, outboxLag, receiveOnce } from '../src/index.ts';

const FACTS: StreamDeclaration = {
  name: 'FACTS',
  subjects: ['evt.>'],
  retention: 'limits',
  maxAgeSeconds: 3_600,
  duplicateWindowSeconds: 120,
  maxBytes: 1024 ** 3,
};

let nats: TestNats;
let testDatabase: TestDatabase;
let database: Database;
let connection: NatsConnection;
let manager: JetStreamManager;
const relays: OutboxRelay[] = [];
const troubles: unknown[] = [];

beforeEach(async () => {
  [nats, testDatabase] = await Promise.all([
    startTestNats(),
    createTestDatabase({ migrationsDir: messagingMigrationsDir }),
  ]);
  database = new Database({
    connectionString: testDatabase.url,
    applicationName: 'test',
    maxConnections: 20,
  });
  connection = await connectBus({ servers: nats.url, name: 'test' });
  manager = await jetstreamManager(connection);
  await ensureStream(manager, FACTS);
});
afterEach(async () => {
  for (const relay of relays.splice(0)) await relay.stop();
  await connection.close();
  await database.close();
  await testDatabase.drop();
  await nats.stop();
});

function startRelay(options: { pollMs?: number } = {}): OutboxRelay {
  const relay = new OutboxRelay({
    database,
    jetstream: jetstream(connection),
    manager,
    onError: (error) => troubles.push(error),
    publishTimeoutMs: 1_000,
    claimSeconds: 2,
    ...options,
  });
  relay.start();
  relays.push(relay);
  return relay;
}

const say = async (count: number, holdMs = 0): Promise<string[]> => {
  const ids = Array.from({ length: count }, () => uuidV7(systemClock()));
  await database.transaction(async (sql) => {
    await enqueue(
      sql,
      ids.map((id) => ({ id, subject: 'evt.test.v1.said', payload: `{"id":"${id}"}` })),
      systemClock(),
    );
    if (holdMs > 0) await sql.query('select pg_sleep($1)', [holdMs / 1_000]);
  });
  return ids;
};

async function stored(): Promise<string[]> {
  const { state } = await manager.streams.info('FACTS');
  const ids: string[] = [];
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq++) {
    const message = await manager.streams.getMessage('FACTS', { seq });
    if (message) ids.push((message.json() as { id: string }).id);
  }
  return ids;
}

const allSent = () =>
  eventually(async () => (await outboxLag(database)).unsent === 0, { deadlineMs: 30_000 });

test('what was committed is published, once each, whatever else goes on at the same time', async () => {
  startRelay();
  startRelay();
  const committed: string[] = [];
  await Promise.all(
    Array.from({ length: 12 }, async (_, writer) => {
      for (let round = 0; round < 20; round++) {
        if ((writer + round) % 7 === 0) {
          await database
            .transaction(async (sql) => {
              await enqueue(
                sql,
                [{ subject: 'evt.test.v1.said', payload: '{"id":"aborted"}' }],
                systemClock(),
              );
              throw new Error('changed my mind');
            })
            .catch(() => undefined);
        } else committed.push(...(await say(5, round % 3 === 0 ? 10 : 0)));
      }
    }),
  );
  await allSent();
  const ids = await stored();
  expect(new Set(ids)).toEqual(new Set(committed));
  expect(ids).toHaveLength(committed.length);
});

test('a commit wakes the relay of its process; what others commit is found by looking', async () => {
  const relay = startRelay({ pollMs: 600_000 });
  const own = await say(3);
  await allSent();
  const single = uuidV7(systemClock());
  await enqueue(database, [{ id: single, subject: 'evt.test.v1.said', payload: `{"id":"${single}"}` }], 0n);
  await allSent();

  const other = new Database({ connectionString: testDatabase.url, applicationName: 'other' });
  const id = uuidV7(systemClock());
  await enqueue(other, [{ id, subject: 'evt.test.v1.said', payload: `{"id":"${id}"}` }], systemClock());
  await other.close();
  expect((await outboxLag(database)).unsent).toBe(1);
  await relay.stop();
  startRelay({ pollMs: 50 });
  await allSent();
  expect(await stored()).toEqual([...own, single, id]);
});

test('a killed broker loses and doubles nothing', async () => {
  startRelay();
  const committed: string[] = [];
  for (let round = 0; round < 3; round++) {
    const writing = Promise.all(Array.from({ length: 20 }, () => say(20)));
    await nats.kill('SIGKILL');
    await nats.startAgain();
    committed.push(...(await writing).flat());
  }
  await allSent();
  const ids = await stored();
  expect(new Set(ids)).toEqual(new Set(committed));
  expect(ids).toHaveLength(committed.length);
});

test('a deleted stream is filled again from the outbox', async () => {
  const relay = startRelay();
  const ids = await say(30);
  await allSent();
  await relay.republishLost();
  await manager.streams.delete('FACTS');
  await ensureStream(manager, FACTS);
  expect(await stored()).toEqual([]);
  expect(await relay.republishLost()).toBe(30);
  await allSent();
  expect(new Set(await stored())).toEqual(new Set(ids));
  expect(await relay.republishLost()).toBe(0);
});

test('a broker that came back without its newest messages gets them again', async () => {
  const relay = startRelay();
  await say(10);
  await allSent();
  await relay.republishLost();
  const lost = await say(5);
  await allSent();
  // What a power failure inside the sync window leaves: the same stream with a smaller last sequence.
  await database.query(`update messaging.outbox_stream set last_seq = last_seq + 5`);
  await database.query(`update messaging.outbox set stream_seq = stream_seq + 5 where id = any($1::uuid[])`, [
    lost,
  ]);
  expect(await relay.republishLost()).toBe(5);
  await allSent();
});

test('an inbox row stands for one effect', async () => {
  const first = await database.transaction((sql) => receiveOnce(sql, 'reader', 'm1'));
  const second = await database.transaction((sql) => receiveOnce(sql, 'reader', 'm1'));
  const other = await database.transaction((sql) => receiveOnce(sql, 'other', 'm1'));
  expect([first, second, other]).toEqual([true, false, true]);
  await database
    .transaction(async (sql) => {
      await receiveOnce(sql, 'reader', 'm2');
      throw new Error('no effect');
    })
    .catch(() => undefined);
  expect(await database.transaction((sql) => receiveOnce(sql, 'reader', 'm2'))).toBe(true);
});
