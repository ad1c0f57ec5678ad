import { requests } from '@decent-cloud/messages';
import { askAs, eventually } from '@decent-cloud/testing';
import type { Msg } from '@nats-io/transport-node';
import { connect } from '@nats-io/transport-node';
import { withRequestId } from '../src/index.ts';
import { beforeNext, move } from './counter/move.ts';
import { RunningCounter } from './counter/running-counter.ts';

/** Nothing that nobody waits for is begun; what was begun in time is brought to an end. */
const caller = { kind: 'service', name: 'gateway' } as const;
const UNKNOWN = { code: 'UNAVAILABLE', reason: 'OUTCOME_UNKNOWN' };
const counter = RunningCounter.forFile();

let last = 100n;
const ask = (amounts: bigint[], timeoutMs: number, idempotencyKey?: string) =>
  askAs(
    counter.service.bus.connection,
    move,
    { body: { amounts } },
    { caller, requestId: 'r', timeoutMs, ...(idempotencyKey !== undefined && { idempotencyKey }) },
  );
const isThere = async (amount: bigint) =>
  (await counter.service.database.query('select 1 from counter where amount = $1', [amount])).length;
/** What is asked afterwards is answered after all that was asked before. */
const allIsRead = async () => void (await ask([++last], 10_000));

test('what waited at the broker past its time is dropped unread, however many they were', async () => {
  await allIsRead();
  const amounts = Array.from({ length: 10 }, () => ++last);
  await counter.nats.kill('SIGSTOP');
  const outcomes = await Promise.allSettled(amounts.map((amount) => ask([amount], 300)));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await counter.nats.kill('SIGCONT');
  for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: UNKNOWN });
  await allIsRead();
  for (const amount of amounts) expect(await isThere(amount)).toBe(0);
});

test('a slow database: what would be committed too late is taken back, and its key is free for a repeat', async () => {
  const amount = ++last;
  const other = await counter.service.database.pool.connect();
  await other.query('begin; lock table counter in exclusive mode');
  await expect(ask([amount], 300, 'slow')).rejects.toMatchObject(UNKNOWN);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await other.query('commit');
  other.release();
  await eventually(async () => {
    const [row] = await counter.service.database.query<{ waiting: bigint }>(
      `select count(*) as waiting from pg_stat_activity where datname = current_database() and state <> 'idle'
         and pid <> pg_backend_pid()`,
    );
    return row?.waiting === 0n;
  });
  expect(await isThere(amount)).toBe(0);
  expect(await ask([amount], 5_000, 'slow')).toEqual({ moved: true });
  expect(await isThere(amount)).toBe(1);
});

test('no free connection: what has waited too long for one does not begin', async () => {
  const amount = ++last;
  const taken = await Promise.all(Array.from({ length: 10 }, () => counter.service.database.pool.connect()));
  await expect(ask([amount], 300)).rejects.toMatchObject(UNKNOWN);
  await new Promise((resolve) => setTimeout(resolve, 300));
  for (const client of taken) client.release();
  await allIsRead();
  expect(await isThere(amount)).toBe(0);
});

test('what has changed something in time goes on to its end, late or not', async () => {
  const [first, second] = [++last, ++last];
  const givenUp = Promise.withResolvers<void>();
  beforeNext.work = () => givenUp.promise;
  await expect(ask([first, second], 1_500)).rejects.toMatchObject(UNKNOWN);
  beforeNext.work = () => Promise.resolve();
  givenUp.resolve();
  await eventually(async () => (await isThere(second)) === 1);
  expect(await isThere(first)).toBe(1);
});

test('a verb that asks another service passes on the time that is left, and asks nobody when none is', async () => {
  const listener = await connect({ servers: counter.nats.url });
  const heard: Msg[] = [];
  listener.subscribe(requests.resolveKey.subject, {
    callback: (_error, message) => {
      heard.push(message);
      message.respond('{"data":{"status":"unknown"}}');
    },
  });
  await listener.flush();
  const question = { body: { publicKey: 'ab'.repeat(32) } };
  const asking = () => counter.service.bus.ask(requests.resolveKey, question);
  const waits = () => heard.map(({ headers }) => Number(headers?.get('Dc-Wait')));
  await asking();
  await withRequestId('r', asking, performance.now() + 1_000);
  expect(waits()[0]).toBe(5_000);
  expect(waits()[1]).toBeLessThanOrEqual(1_000);
  await expect(withRequestId('r', asking, performance.now() - 1)).rejects.toMatchObject({
    reason: 'SERVICE_UNAVAILABLE',
    message: 'The request was read too late: nothing was done',
  });
  expect(heard).toHaveLength(2);
  await listener.close();
});

test('a service that asks what its declaration does not allow it fails before anything is sent', async () => {
  const undeclared = counter.service.bus.ask(requests.chargeRental, {
    body: { contractId: 'ab'.repeat(32), accountId: 'ab'.repeat(16), amountE9s: 1n, currency: 'USD' },
  });
  await expect(undeclared).rejects.toThrow(
    'payments asks req.payments.v1.charge-rental, but is not in its askedBy',
  );
});

test('nothing is answered at a place that is no inbox: the asking one may not speak there', async () => {
  const listener = await connect({ servers: counter.nats.url });
  const heard: string[] = [];
  const places = ['evt.contracts.v1.contract-ended', '$JS.API.STREAM.PURGE.FACTS', 'req.payments.v1.move'];
  for (const place of places.slice(0, 2)) {
    listener.subscribe(place, { callback: (_error, message) => void heard.push(message.subject) });
  }
  await listener.flush();
  for (const reply of places) {
    for (const subject of [move.subject, 'req.payments.v1.ping']) listener.publish(subject, '{}', { reply });
  }
  await listener.flush();
  await allIsRead();
  await listener.flush();
  expect(heard).toEqual([]);
  await listener.close();
});
