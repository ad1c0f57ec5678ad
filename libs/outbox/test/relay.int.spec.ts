import { ensureStream } from '@decent-cloud/bus';
import { systemClock, uuidV7 } from '@decent-cloud/kernel';
import type { StreamDeclaration } from '@decent-cloud/messages';
import { Database } from '@decent-cloud/postgres';
import { eventually } from '@decent-cloud/testing';
import { jetstream } from '@nats-io/jetstream';
import { enqueue, outboxLag, receiveOnce } from '../src/index.ts';
import { OutboxStage } from './outbox-stage.ts';

const FACTS: StreamDeclaration = {
  name: 'FACTS',
  subjects: ['evt.>'],
  retention: 'limits',
  maxAgeSeconds: 3_600,
  duplicateWindowSeconds: 120,
  maxBytes: 1024 ** 3,
};

/** Of a batch of 50. */
const NEWEST = 10;
const stage = OutboxStage.forEachTest({
  streams: [FACTS],
  relays: { publishTimeoutMs: 1_000, claimSeconds: 2 },
});

const say = async (count: number, holdMs = 0): Promise<string[]> => {
  const ids = Array.from({ length: count }, () => uuidV7(systemClock()));
  await stage.database.transaction(async (sql) => {
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
  const { state } = await stage.manager.streams.info('FACTS');
  const ids: string[] = [];
  for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq++) {
    const message = await stage.manager.streams.getMessage('FACTS', { seq });
    if (message) ids.push((message.json() as { id: string }).id);
  }
  return ids;
}

const allSent = () =>
  eventually(async () => (await outboxLag(stage.database)).unsent === 0, { deadlineMs: 30_000 });

test('what is said now goes out with the next batch, before a backlog, which goes out whole too', async () => {
  const BATCH = 50;
  const relay = stage.makeRelay({ batchSize: BATCH });
  const backlog = await say(1_000);
  await relay.relayBatch();
  const said: string[] = [];
  for (let round = 0; round < 3; round++) {
    const [id = ''] = await say(1);
    said.push(id);
    await relay.relayBatch();
    expect((await stored()).at(-BATCH + NEWEST - 1)).toBe(id);
  }
  // What has waited longest gets on in each of them.
  expect(await stored()).toEqual(expect.arrayContaining(backlog.slice(0, 4 * (BATCH - NEWEST))));
  while ((await relay.relayBatch()) > 0);
  const ids = await stored();
  expect(ids).toHaveLength(backlog.length + said.length);
  expect(new Set(ids)).toEqual(new Set([...backlog, ...said]));
}, 30_000);

test('without a backlog messages go out in the order in which they were said', async () => {
  const relay = stage.makeRelay({ batchSize: 50 });
  const ids = [...(await say(20)), ...(await say(20))];
  await relay.relayBatch();
  expect(await stored()).toEqual(ids);
});

test('what was committed is published, once each, whatever else goes on at the same time', async () => {
  stage.startRelay();
  stage.startRelay();
  const committed: string[] = [];
  await Promise.all(
    Array.from({ length: 12 }, async (_, writer) => {
      for (let round = 0; round < 20; round++) {
        if ((writer + round) % 7 === 0) {
          await stage.database
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
  const relay = stage.startRelay({ pollMs: 600_000 });
  const own = await say(3);
  await allSent();
  const single = uuidV7(systemClock());
  await enqueue(
    stage.database,
    [{ id: single, subject: 'evt.test.v1.said', payload: `{"id":"${single}"}` }],
    0n,
  );
  await allSent();

  const other = new Database({ connectionString: stage.testDatabase.url, applicationName: 'other' });
  const id = uuidV7(systemClock());
  await enqueue(other, [{ id, subject: 'evt.test.v1.said', payload: `{"id":"${id}"}` }], systemClock());
  await other.close();
  expect((await outboxLag(stage.database)).unsent).toBe(1);
  await relay.stop();
  stage.startRelay({ pollMs: 50 });
  await allSent();
  expect(await stored()).toEqual([...own, single, id]);
});

test('a killed broker loses and doubles nothing', async () => {
  stage.startRelay();
  const committed: string[] = [];
  for (let round = 0; round < 3; round++) {
    const writing = Promise.all(Array.from({ length: 20 }, () => say(20)));
    await stage.nats.kill('SIGKILL');
    await stage.nats.startAgain();
    committed.push(...(await writing).flat());
  }
  await allSent();
  const ids = await stored();
  expect(new Set(ids)).toEqual(new Set(committed));
  expect(ids).toHaveLength(committed.length);
});

test('a deleted stream is filled again from the outbox', async () => {
  const relay = stage.startRelay();
  const ids = await say(30);
  await allSent();
  await relay.republishLost();
  await stage.manager.streams.delete('FACTS');
  await ensureStream(stage.manager, FACTS);
  expect(await stored()).toEqual([]);
  expect(await relay.republishLost()).toBe(30);
  await allSent();
  expect(new Set(await stored())).toEqual(new Set(ids));
  expect(await relay.republishLost()).toBe(0);
});

/** As a power failure inside the sync window leaves it: the newest messages are gone, their numbers are given again. */
async function loseNewest(count: number): Promise<void> {
  const { state, config } = await stage.manager.streams.info('FACTS');
  const kept = [];
  for (let seq = 1; seq <= state.last_seq - count; seq++) {
    kept.push(await stage.manager.streams.getMessage('FACTS', { seq }));
  }
  await stage.manager.streams.delete('FACTS');
  await stage.manager.streams.add(config);
  for (const message of kept) {
    if (!message) throw new Error('a message is missing');
    await publish(message.header.get('Nats-Msg-Id'), message.string());
  }
  // It is the same stream, as far as anybody can see.
  const { created } = await stage.manager.streams.info('FACTS');
  await stage.database.query('update messaging.outbox_stream set created = $1', [created]);
}

async function publish(id: string, payload: string): Promise<void> {
  await jetstream(stage.connection).publish('evt.test.v1.said', payload, { msgID: id });
}

test('a broker that came back without its newest messages gets them again', async () => {
  const relay = stage.startRelay();
  const ids = await say(15);
  await allSent();
  expect(await relay.republishLost()).toBe(0);
  await loseNewest(5);
  expect(await relay.republishLost()).toBeGreaterThanOrEqual(5);
  await allSent();
  expect(new Set(await stored())).toEqual(new Set(ids));
  expect(await relay.republishLost()).toBe(0);
});

test.each([
  ['by looking', 0],
  ['by the next batch, before its marks hide it', 3],
])('also when others have made the stream as long again: found %s', async (_, more) => {
  const relay = stage.startRelay({ pollMs: 50 });
  const ids = await say(15);
  await allSent();
  await relay.republishLost();
  await loseNewest(5);
  const others = Array.from({ length: 20 }, () => uuidV7(systemClock()));
  for (const id of others) await publish(id, `{"id":"${id}"}`);
  if (more > 0) ids.push(...(await say(more)));
  else expect(await relay.republishLost()).toBeGreaterThanOrEqual(5);
  await allSent();
  await eventually(async () => (await stored()).length >= ids.length + others.length, { deadlineMs: 30_000 });
  await allSent();
  expect(new Set(await stored())).toEqual(new Set([...ids, ...others]));
});

test('an inbox row stands for one effect', async () => {
  const first = await stage.database.transaction((sql) => receiveOnce(sql, 'reader', 'm1'));
  const second = await stage.database.transaction((sql) => receiveOnce(sql, 'reader', 'm1'));
  const other = await stage.database.transaction((sql) => receiveOnce(sql, 'other', 'm1'));
  expect([first, second, other]).toEqual([true, false, true]);
  await stage.database
    .transaction(async (sql) => {
      await receiveOnce(sql, 'reader', 'm2');
      throw new Error('no effect');
    })
    .catch(() => undefined);
  expect(await stage.database.transaction((sql) => receiveOnce(sql, 'reader', 'm2'))).toBe(true);
});
