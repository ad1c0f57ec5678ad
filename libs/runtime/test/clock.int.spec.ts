import { secondsToNs, systemClock } from '@decent-cloud/kernel';
import { facts } from '@decent-cloud/messages';
import { emitFact, outboxLag } from '@decent-cloud/outbox';
import { askAs, eventually } from '@decent-cloud/testing';
import type { RunningService } from '../src/index.ts';
import { add } from './counter/add.ts';
import { expire } from './counter/expire.ts';
import { RunningCounter } from './counter/running-counter.ts';
import { Tick } from './counter/tick.ts';

const TWO_HOURS_NS = secondsToNs(7_200);

const counter = RunningCounter.withoutReplica();

/** One whose clock is that much ahead, until it is set. */
async function start(aheadNs: bigint) {
  const clock = { aheadNs };
  const service = await counter.start({
    clock: () => systemClock() + clock.aheadNs,
    comparesClock: true,
  });
  return { service, clock };
}
const options = { caller: { kind: 'service', name: 'gateway' }, requestId: 'r' } as const;
const page = async ({ opsPort }: RunningService, path: string) =>
  (await fetch(`http://127.0.0.1:${opsPort}${path}`)).text();

test.each([TWO_HOURS_NS, -TWO_HOURS_NS])(
  'a service whose clock is %i ns ahead of its database decides nothing by time until it is set',
  async (aheadNs) => {
    const { service, clock } = await start(aheadNs);
    const { connection } = service.bus;
    await expect(askAs(connection, expire, {}, options)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      reason: 'CLOCK_WRONG',
    });
    const { sum } = await askAs(connection, add, { body: { amount: 1n } }, options);
    expect(sum).toBeGreaterThan(0n);
    const contractId = (aheadNs > 0n ? 'aa' : 'bb').repeat(32);
    const fact = { ...(facts.contractEnded.sample as object), contractId } as never;
    await service.database.transaction((sql) => emitFact(sql, facts.contractEnded, fact, systemClock()));
    await eventually(async () => (await outboxLag(service.database)).unsent === 0);
    const seen = () =>
      service.database.query('select 1 from refund_seen where contract_id = $1', [contractId]);
    const metrics = await eventually(async () => {
      const text = await page(service, '/metrics');
      return /dc_sweep_duration_seconds_count\{.*sweep="tick",outcome="clock-wrong"\} 1/.test(text) && text;
    });
    const aheadSeconds = Number(/^dc_clock_ahead_seconds\{.*\} (\S+)$/m.exec(metrics)?.[1]);
    expect(Math.abs(aheadSeconds - Number(aheadNs) / 1e9)).toBeLessThan(5);
    expect(JSON.parse(await page(service, '/health/ready'))).toMatchObject({
      ready: false,
      checks: {
        database: 'ok',
        clock: expect.stringMatching(/^the clock here is 7200 s (ahead of|behind) that of the database/),
      },
    });
    expect(service.get(Tick).ticks).toBe(0);
    expect(await seen()).toEqual([]);

    clock.aheadNs = 0n;
    expect(JSON.parse(await page(service, '/health/ready'))).toMatchObject({ ready: true });
    const { expiredAtNs } = await askAs(connection, expire, {}, options);
    expect(expiredAtNs - systemClock()).toBeLessThan(secondsToNs(5));
    await eventually(async () => (await seen()).length === 1, { what: 'the fact', deadlineMs: 40_000 });
    await service.stop();
  },
  60_000,
);

test('what reaches a replica whose clock is wrong is processed by another one, once', async () => {
  const wrong = await start(0n);
  wrong.clock.aheadNs = TWO_HOURS_NS;
  await start(0n);
  const ids = Array.from({ length: 40 }, (_, index) => index.toString(16).padStart(64, '0'));
  await wrong.service.database.transaction(async (sql) => {
    for (const contractId of ids) {
      const fact = { ...(facts.contractEnded.sample as object), contractId } as never;
      await emitFact(sql, facts.contractEnded, fact, systemClock());
    }
  });
  const seen = () =>
    wrong.service.database.query('select 1 from refund_seen where contract_id = any($1)', [ids]);
  await eventually(async () => (await seen()).length === ids.length, {
    what: 'all facts',
    deadlineMs: 50_000,
  });
  expect(await seen()).toHaveLength(ids.length);
}, 60_000);
