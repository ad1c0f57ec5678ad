import {
  askAs,
  createTestDatabase,
  eventually,
  GuardedProcess,
  SpawnedService,
  serviceKeysFor,
} from '@decent-cloud/testing';
import type { Bench, Case } from '../bench.ts';
import { programPath } from '../bench.ts';
import { echo, RAW_SUBJECT, RECORD } from '../echo-declaration.ts';
import { measureCpu, totalCpuSeconds } from '../load/cpu.ts';
import { inParallel } from '../load/http-load.ts';
import { median, percentile } from '../report/percentile.ts';

const ROUNDS = 5;
const HOPS_A_ROUND = 12_000;
const DEPTH = 64;
const ONE_BY_ONE = 3_000;
const WARM_UP = 3_000;

const CPU = 'bus hop, CPU of both sides';
const LATENCY = 'bus hop, p99 one by one';

export const busHop: Case = {
  lines: [
    { bar: 'P6', name: CPU },
    { bar: 'P6', name: LATENCY },
  ],
  async run(bench) {
    const sides = await bothSides(bench);
    for (const { hop } of sides) await inParallel(new Array(WARM_UP).fill(0), DEPTH, hop);
    for (let round = 0; round < ROUNDS; round++) {
      for (const side of sides) {
        const used = await measureCpu({ caller: [process.pid], responder: [side.pid] }, () =>
          inParallel(new Array(HOPS_A_ROUND).fill(0), DEPTH, side.hop),
        );
        side.cpuMicroseconds.push((totalCpuSeconds(used) / HOPS_A_ROUND) * 1e6);
        const each: number[] = [];
        for (let n = 0; n < ONE_BY_ONE / ROUNDS; n++) {
          const started = performance.now();
          await side.hop();
          each.push(performance.now() - started);
        }
        side.p99.push(percentile(each, 99));
      }
    }
    const [raw, ours] = sides;
    const cpu = { raw: median(raw.cpuMicroseconds), ours: median(ours.cpuMicroseconds) };
    const p99 = { raw: median(raw.p99), ours: median(ours.p99) };
    return [
      {
        bar: 'P6',
        name: CPU,
        measured: { value: cpu.ours, unit: 'us' },
        yardstick: { what: 'client with JSON', value: cpu.raw, unit: 'us' },
        ratio: cpu.ours / cpu.raw,
        limit: { atMost: 1.15 },
        note: 'a signed question to a verb of a service: parsed exactly, traced, checked and counted on the way',
      },
      {
        bar: 'P6',
        name: LATENCY,
        measured: { value: p99.ours, unit: 'ms' },
        yardstick: { what: 'client with JSON', value: p99.raw, unit: 'ms' },
        ratio: p99.ours / p99.raw,
        limit: { atMost: 3 },
      },
    ];
  },
};

interface Side {
  readonly pid: number;
  readonly hop: () => Promise<unknown>;
  readonly cpuMicroseconds: number[];
  readonly p99: number[];
}

async function bothSides(bench: Bench): Promise<readonly [Side, Side]> {
  const { url } = await bench.broker();
  const connection = await bench.connection();
  let ready = false;
  const raw = GuardedProcess.start({
    command: process.execPath,
    args: [`${import.meta.dirname}/../programs/raw-responder.js`],
    env: { ...process.env, NATS_URL: url },
    onLine: (line) => {
      ready ||= line === 'ready';
    },
  });
  bench.atEnd(() => raw.end());
  await eventually(() => ready, { what: 'the yardstick of the bus hop' });

  const database = await createTestDatabase();
  bench.atEnd(() => database.drop());
  const service = await SpawnedService.start({
    name: 'echo',
    script: programPath('echo-service.mjs'),
    env: {
      DATABASE_URL: database.url,
      NATS_URL: url,
      SERVICE_KEYS: serviceKeysFor('accounts'),
      ENVIRONMENT: 'test',
      LOG_LEVEL: 'info',
    },
  });
  bench.atEnd(() => service.stop());
  await service.ready();
  const caller = { kind: 'service', name: 'gateway' } as const;
  const plain = { caller, requestId: 'bench', body: { ...RECORD, amountE9s: Number(RECORD.amountE9s) } };
  return [
    {
      pid: await raw.pid,
      hop: async () =>
        (await connection.request(RAW_SUBJECT, JSON.stringify(plain), { timeout: 5_000 })).json(),
      cpuMicroseconds: [],
      p99: [],
    },
    {
      pid: await pidOf(service),
      hop: () => askAs(connection, echo, { body: RECORD }, { caller, requestId: 'bench' }),
      cpuMicroseconds: [],
      p99: [],
    },
  ];
}

/** Services write it into every line of their log. */
async function pidOf(service: SpawnedService): Promise<number> {
  const line = await service.line(/"pid":\d+/);
  return Number(/"pid":(\d+)/.exec(line)?.[1]);
}
