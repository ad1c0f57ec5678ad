import { systemClock } from '@decent-cloud/kernel';
import { facts } from '@decent-cloud/messages';
import { emitFact, outboxLag } from '@decent-cloud/outbox';
import { askAs, eventually } from '@decent-cloud/testing';
import { jetstream } from '@nats-io/jetstream';
import { add } from './counter/add.ts';
import { RunningCounter } from './counter/running-counter.ts';

const MIB = 1024 ** 2;

const counter = RunningCounter.forFile({ fileLimitBytes: MIB });

const readiness = async () => {
  const reply = await fetch(`http://127.0.0.1:${counter.service.opsPort}/health/ready`);
  return (await reply.json()) as { ready: boolean; checks: Record<string, string> };
};
const failing = async () => {
  const reply = await counter.service.bus.connection.request('req.payments.v1.ping');
  return reply.json<{ data: { failing: string[] } }>().data.failing;
};
const takesFacts = async () => {
  const page = await (await fetch(`http://127.0.0.1:${counter.service.opsPort}/metrics`)).text();
  return /^dc_stream_takes_messages\{stream="FACTS".*\} (\d)$/m.exec(page)?.[1];
};

/** Until the store of the stream cannot write any more; it stays so when there is room again. */
async function fillStream(): Promise<void> {
  const js = jetstream(counter.service.bus.connection);
  const large = 'x'.repeat(100_000);
  for (let count = 0; count < 2 * (MIB / large.length); count++) {
    try {
      await js.publish('evt.payments.v1.large', large, { timeout: 1_000 });
    } catch {
      return;
    }
  }
  throw new Error('the stream has taken everything');
}

test('a stream that takes no messages makes "not ready", until the broker is started again with room', async () => {
  expect(await readiness()).toMatchObject({ ready: true, checks: { streams: 'ok' } });
  expect(await takesFacts()).toBe('1');
  await fillStream();
  const sample = facts.contractEnded.sample as never;
  await counter.service.database.transaction((sql) =>
    emitFact(sql, facts.contractEnded, sample, systemClock()),
  );
  const { checks } = await eventually(
    async () => {
      const state = await readiness();
      return state.ready ? undefined : state;
    },
    { deadlineMs: 30_000, what: 'the stream being seen' },
  );
  expect(checks.streams).toMatch(/^FACTS has taken no messages for \d+ s \(.*\): .*restart the broker$/);
  expect(checks).toMatchObject({ database: 'ok', bus: 'ok' });
  expect(await failing()).toEqual(['streams']);
  expect(await takesFacts()).toBe('0');
  expect((await outboxLag(counter.service.database)).unsent).toBe(1);

  await counter.nats.kill();
  await counter.nats.startAgain();
  await eventually(async () => (await readiness()).ready, { deadlineMs: 30_000, what: 'being ready again' });
  expect(await failing()).toEqual([]);
  expect(await takesFacts()).toBe('1');
  await eventually(async () => (await outboxLag(counter.service.database)).unsent === 0, {
    deadlineMs: 30_000,
    what: 'what waited going out',
  });
}, 100_000);

test.each([
  ['53100', 'STORAGE_FULL'],
  ['58030', 'SERVICE_UNAVAILABLE'],
  ['25006', 'SERVICE_UNAVAILABLE'],
])('a database that says %s makes a refusal that says %s, and nothing is changed', async (code, reason) => {
  const sql = counter.service.database;
  await sql.query(`create or replace function no_room() returns trigger language plpgsql as
    $$ begin raise exception 'could not extend file: No space left on device' using errcode = '${code}'; end $$`);
  await sql.query('create trigger no_room before insert on counter execute function no_room()');
  const ask = () =>
    askAs(
      counter.service.bus.connection,
      add,
      { body: { amount: 1n } },
      { caller: { kind: 'service', name: 'gateway' }, requestId: 'r', idempotencyKey: `key-${code}` },
    );
  await expect(ask()).rejects.toMatchObject({ code: 'UNAVAILABLE', reason });
  // Whoever repeats it under its key is not told that it still runs.
  await expect(ask()).rejects.toMatchObject({ code: 'UNAVAILABLE', reason });
  await sql.query('drop trigger no_room on counter');
  expect(await sql.query('select 1 from counter')).toEqual([]);
  await ask();
  expect(await sql.query('delete from counter returning 1')).toHaveLength(1);
});
