import { ServiceFaultError } from '@decent-cloud/bus';
import { printExactJson, Refusal, systemClock } from '@decent-cloud/kernel';
import { facts } from '@decent-cloud/messages';
import { emitFact } from '@decent-cloud/outbox';
import { askAs, eventually, printFigures, sayText } from '@decent-cloud/testing';
import { type JetStreamManager, jetstream, jetstreamManager, type PubAck } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';
import { add } from './counter/add.ts';
import { RunningCounter } from './counter/running-counter.ts';
import { Tick } from './counter/tick.ts';

const GATEWAY = { kind: 'service', name: 'gateway' } as const;
const counter = RunningCounter.forFile();
const ask = (amount: bigint, idempotencyKey?: string) =>
  askAs(
    counter.service.bus.connection,
    add,
    { body: { amount } },
    { caller: GATEWAY, requestId: 'r', ...(idempotencyKey && { idempotencyKey }) },
  );
const reason = (error: unknown) => (error as Refusal).reason;

test('a verb answers with exact integers', async () => {
  expect(await ask(9_007_199_254_740_993n)).toEqual({ sum: 9_007_199_254_740_993n });
});

test('a refusal comes back as one, a bug as a fault without its text', async () => {
  await expect(ask(13n)).rejects.toMatchObject({ code: 'CONFLICT', reason: 'AMOUNT_INVALID' });
  await expect(ask(14n)).rejects.toThrow(ServiceFaultError);
  await expect(
    askAs(
      counter.service.bus.connection,
      add,
      { body: { amount: 'x' as never } },
      { caller: GATEWAY, requestId: 'r' },
    ),
  ).rejects.toMatchObject({ reason: 'INVALID_INPUT', message: expect.stringContaining('amount') });
});

test('one idempotency key is one effect; other input under it is refused', async () => {
  const first = await ask(5n, 'key-1');
  expect(await ask(5n, 'key-1')).toEqual(first);
  await expect(ask(6n, 'key-1')).rejects.toMatchObject({ reason: 'IDEMPOTENCY_KEY_REUSED' });
  await expect(ask(13n, 'key-2')).rejects.toMatchObject({ reason: 'AMOUNT_INVALID' });
  await expect(ask(13n, 'key-2')).rejects.toMatchObject({ reason: 'AMOUNT_INVALID' });
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => ask(100n, 'key-3')));
  const refused = outcomes
    .filter((outcome) => outcome.status === 'rejected')
    .map(({ reason: error }) => reason(error));
  expect(new Set(refused)).toEqual(new Set(refused.length > 0 ? ['IDEMPOTENCY_KEY_IN_FLIGHT'] : []));
  const rows = await counter.service.database.query('select 1 from counter where amount = 100');
  expect(rows).toHaveLength(1);
});

/** For so long the broker itself drops what comes twice. */
const DUPLICATES_NS = 100_000_000;
/** Says it until the broker has forgotten that it knows the id; each change of the time has it look for what is over. */
async function saidAgain(manager: JetStreamManager, say: () => Promise<PubAck>): Promise<void> {
  let attempt = 0;
  await eventually(
    async () => {
      await manager.streams.update('FACTS', { duplicate_window: DUPLICATES_NS + (attempt++ % 2) });
      return !(await say()).duplicate;
    },
    { everyMs: 50, what: 'the broker having forgotten the id' },
  );
}

test('a fact from the outbox reaches the reaction once, however often it is delivered', async () => {
  const sample = facts.contractEnded.sample as never;
  await counter.service.database.transaction((sql) =>
    emitFact(sql, facts.contractEnded, sample, systemClock()),
  );
  const seen = () => counter.service.database.query('select * from refund_seen');
  await eventually(async () => (await seen()).length === 1);
  const [sent] = await eventually(async () => {
    const rows = await counter.service.database.query<{ id: string; payload: string }>(
      'select id, payload from messaging.outbox where sent_at is not null',
    );
    return rows.length > 0 && rows;
  });
  // Past the broker's own window a duplicate looks like this: another message with the id that was processed.
  const manager = await jetstreamManager(counter.service.bus.connection);
  const { subject } = facts.contractEnded;
  await saidAgain(manager, () =>
    sayText(counter.service.bus.connection, subject, sent?.payload ?? '', sent?.id),
  );
  const marker = await sayText(counter.service.bus.connection, subject, 'not even JSON');
  await eventually(async () =>
    (await counter.service.metrics.registry.metrics()).includes('verdict="dead",service="payments"} 1'),
  );
  expect(marker.duplicate).toBe(false);
  expect(await seen()).toHaveLength(1);
});

test('only what a service says itself is believed, under the subject and the id that it said it with', async () => {
  const { connection } = counter.service.bus;
  const manager = await jetstreamManager(connection);
  const contractId = 'cd'.repeat(32);
  const { subject } = facts.contractEnded;
  const payload = printExactJson({ ...(facts.contractEnded.sample as object), contractId });
  const seen = () =>
    counter.service.database.query('select 1 from refund_seen where contract_id = $1', [contractId]);
  const letters = async () => (await manager.streams.info('DEAD_LETTERS')).state.messages;
  const before = await letters();
  const js = jetstream(connection);
  await js.publish(subject, payload, { msgID: 'unsigned' });
  await sayText(connection, subject, payload, 'by-another', 'notifications');
  // What another says under a subject of its own, and has delivered under this one.
  const other = facts.refundIssued.subject;
  const { seq } = await sayText(connection, other, payload, 'of-another');
  const copied = await manager.streams.getMessage('FACTS', { seq });
  await saidAgain(manager, () => js.publish(subject, payload, { headers: copied?.header as MsgHdrs }));
  // What was said once, said again under a new id.
  const said = await sayText(connection, subject, payload, 'once');
  await eventually(async () => (await seen()).length === 1);
  const again = (await manager.streams.getMessage('FACTS', { seq: said.seq }))?.header as MsgHdrs;
  again.set('Nats-Msg-Id', 'twice');
  await js.publish(subject, payload, { headers: again });
  await eventually(async () => (await letters()) === before + 4, { what: 'four being put aside' });
  expect(await seen()).toHaveLength(1);
  const letter = await manager.streams.getMessage('DEAD_LETTERS', {
    last_by_subj: `dlq.payments.${subject}`,
  });
  expect(letter?.header.get('Dc-Dead-Reason')).toBe('not signed by contracts');
  await manager.streams.purge('DEAD_LETTERS');
});

test('what was put aside or given up is to be seen until somebody deals with it', async () => {
  const page = async () => (await fetch(`http://127.0.0.1:${counter.service.opsPort}/metrics`)).text();
  const value = async (name: string) =>
    Number(new RegExp(`^${name}\\{consumer="payments".*\\} (\\d+)$`, 'm').exec(await page())?.[1]);
  const js = jetstream(counter.service.bus.connection);
  const manager = await jetstreamManager(counter.service.bus.connection);
  const before = await value('dc_dead_letters');
  expect(await value('dc_messages_abandoned')).toBe(0);
  await sayText(counter.service.bus.connection, facts.contractEnded.subject, 'this is poison');
  const started = performance.now();
  await eventually(async () => (await value('dc_dead_letters')) === before + 1, { deadlineMs: 60_000 });
  printFigures('poison', { 'ms until the metric of the alert shows it': performance.now() - started });
  const letter = await manager.streams.getMessage('DEAD_LETTERS', {
    last_by_subj: `dlq.payments.${facts.contractEnded.subject}`,
  });
  expect(letter?.header.get('Dc-Dead-Reason')).toContain('JSON');
  // What the broker says when a message has come too often.
  await js.publish('$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.FACTS.payments', '{"stream_seq":1}');
  await eventually(async () => (await value('dc_messages_abandoned')) === 1);
  await manager.streams.purge('ADVISORIES');
  await manager.streams.purge('DEAD_LETTERS');
  await eventually(async () => (await value('dc_messages_abandoned')) === 0);
  expect(await value('dc_dead_letters')).toBe(0);
}, 70_000);

test('a stream that was deleted is made again and filled', async () => {
  const manager = await jetstreamManager(counter.service.bus.connection);
  await manager.streams.delete('FACTS');
  const contractId = 'ab'.repeat(32);
  const fact = { ...(facts.contractEnded.sample as object), contractId } as never;
  await counter.service.database.transaction((sql) =>
    emitFact(sql, facts.contractEnded, fact, systemClock()),
  );
  await eventually(
    async () => {
      const rows = await counter.service.database.query('select 1 from refund_seen where contract_id = $1', [
        contractId,
      ]);
      return rows.length === 1;
    },
    { deadlineMs: 30_000, what: 'the fact arriving' },
  );
}, 40_000);

test('readiness, metrics and ping', async () => {
  const base = `http://127.0.0.1:${counter.service.opsPort}`;
  expect((await fetch(`${base}/health/ready`)).status).toBe(200);
  const metrics = await (await fetch(`${base}/metrics`)).text();
  for (const name of ['dc_outbox_unsent', 'dc_consumer_messages', 'dc_bus_request_duration_seconds']) {
    expect(metrics).toContain(name);
  }
  const reply = await counter.service.bus.connection.request('req.payments.v1.ping');
  expect(reply.json()).toEqual({
    data: { version: expect.any(String), failing: [], nowNs: expect.stringMatching(/^\d{19}$/) },
  });
});

test('a reconciler runs at start, in one replica at a time', async () => {
  const second = await counter.start();
  await eventually(() => counter.service.get(Tick).ticks + second.get(Tick).ticks >= 2);
});

test('an unreachable database is a refusal and "not ready", not a crash', async () => {
  const blocked = await counter.start();
  await blocked.database.close();
  const ready = await fetch(`http://127.0.0.1:${blocked.opsPort}/health/ready`);
  expect(ready.status).toBe(503);
  expect(await ready.text()).toContain('database');
});
