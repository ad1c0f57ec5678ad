import type { ConsumerDeclaration } from '@decent-cloud/messages';
import { streams } from '@decent-cloud/messages';
import { eventually, startTestNats, type TestNats } from '@decent-cloud/testing';
import { type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { connectBus, DurableReader, ensureStream, type Verdict } from '../src/index.ts';

const READER: ConsumerDeclaration = {
  durable: 'reader',
  stream: 'FACTS',
  filterSubjects: ['evt.test.v1.said'],
  ackWaitSeconds: 30,
  maxAckPending: 64,
  maxDeliver: 50,
};

let nats: TestNats;
let connection: NatsConnection;
let manager: JetStreamManager;
const readers: DurableReader[] = [];

beforeEach(async () => {
  nats = await startTestNats();
  connection = await connectBus({ servers: nats.url, name: 'test' });
  manager = await jetstreamManager(connection);
  await ensureStream(manager, streams.FACTS);
  await ensureStream(manager, streams.DEAD_LETTERS);
});
afterEach(async () => {
  for (const reader of readers.splice(0)) await reader.stop();
  await connection.close();
  await nats.stop();
});

function read(decide: (text: string, delivery: number) => Verdict): { seen: string[] } {
  const seen: string[] = [];
  const reader = new DurableReader({
    connection,
    declaration: READER,
    pauseMs: 20,
    onTrouble: () => undefined,
    handle: async (message) => {
      seen.push(message.string());
      return decide(message.string(), message.info.deliveryCount);
    },
  });
  reader.start();
  readers.push(reader);
  return { seen };
}
const say = (text: string) => jetstream(connection).publish('evt.test.v1.said', text);
const settled = () =>
  eventually(async () => {
    const info = await manager.consumers.info('FACTS', 'reader');
    return info.num_pending + info.num_ack_pending === 0;
  });

test('what is done is not seen again, not even by the next reader', async () => {
  const { seen } = read(() => ({ verdict: 'done' }));
  for (const text of ['a', 'b', 'c']) await say(text);
  await settled();
  expect(seen.sort()).toEqual(['a', 'b', 'c']);
  await readers.pop()?.stop();
  const next = read(() => ({ verdict: 'done' }));
  await say('d');
  await eventually(() => next.seen.length === 1);
  expect(next.seen).toEqual(['d']);
});

test('a failure is tried again after a wait and does not hold up others', async () => {
  const { seen } = read((text, delivery) =>
    text === 'bad' && delivery === 1 ? { verdict: 'retry', error: new Error('once') } : { verdict: 'done' },
  );
  await say('bad');
  await say('good');
  await settled();
  expect(seen).toEqual(['bad', 'good', 'bad']);
});

test('what cannot be processed goes to the dead letters with headers and reason', async () => {
  read((text) =>
    text === 'poison' ? { verdict: 'dead', error: new Error('no such\nthing') } : { verdict: 'done' },
  );
  await say('poison');
  await say('fine');
  await settled();
  const dead = await manager.streams.getMessage('DEAD_LETTERS', {
    last_by_subj: 'dlq.reader.evt.test.v1.said',
  });
  expect(dead?.string()).toBe('poison');
  expect(dead?.header.get('Dc-Dead-Reason')).toBe('no such thing');
  expect(dead?.header.get('Dc-Dead-Deliveries')).toBe('1');
});

test('waiting for a dependency spends no delivery', async () => {
  let down = 3;
  const deliveries: number[] = [];
  read((_text, delivery) => {
    deliveries.push(delivery);
    return down-- > 0 ? { verdict: 'pause', error: new Error('database down') } : { verdict: 'done' };
  });
  await say('a');
  await settled();
  expect(deliveries).toEqual([1, 1, 1, 1]);
});

test('it survives a lost consumer and a killed broker', async () => {
  const { seen } = read(() => ({ verdict: 'done' }));
  await say('a');
  await settled();
  await manager.consumers.delete('FACTS', 'reader');
  await eventually(
    async () => {
      await say('b');
      return seen.includes('b');
    },
    { deadlineMs: 30_000, everyMs: 300 },
  );
  await nats.kill('SIGKILL');
  await nats.startAgain();
  await eventually(
    async () => {
      await say('c');
      return seen.includes('c');
    },
    { deadlineMs: 30_000, everyMs: 300 },
  );
}, 70_000);
