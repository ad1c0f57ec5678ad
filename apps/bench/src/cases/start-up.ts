import { randomBytes } from 'node:crypto';
import { type ServiceName, serviceNames } from '@decent-cloud/messages';
import { createTestDatabase, SpawnedService, serviceKeysFor, TestHub } from '@decent-cloud/testing';
import { type Bench, type Case, programOf, programPath } from '../bench.ts';
import { median } from '../report/percentile.ts';
import { printNumber } from '../report/table.ts';

const ROUNDS = 3;
const NAME = 'the slowest service being ready';

export const startUp: Case = {
  lines: [{ bar: 'P11', name: NAME }],
  async run(bench) {
    const hub = await TestHub.start();
    bench.atEnd(() => hub.stop());
    const plain = await bench.broker();
    const empty = {
      script: programPath('empty-nest.mjs'),
      env: { NATS_URL: plain.url },
      pattern: /is ready/,
    };
    const starts = new Map<string, Start>([['nothing', empty]]);
    for (const name of serviceNames) starts.set(name, await startOf(bench, hub, name));
    // The first time makes tables and streams.
    for (const start of starts.values()) await timeToReady(start);
    const times = new Map<string, number[]>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, start] of starts) {
        times.set(name, [...(times.get(name) ?? []), await timeToReady(start)]);
      }
    }
    const medians = [...times].map(([name, each]) => ({ name, milliseconds: median(each) }));
    const yardstick = medians.shift()?.milliseconds ?? Number.NaN;
    const slowest =
      medians.toSorted((a, b) => b.milliseconds - a.milliseconds)[0]?.milliseconds ?? Number.NaN;
    return [
      {
        bar: 'P11',
        name: NAME,
        measured: { value: slowest, unit: 'ms' },
        yardstick: { what: 'empty Nest service', value: yardstick, unit: 'ms' },
        ratio: slowest / yardstick,
        limit: { atMost: 2 },
        note: medians.map(({ name, milliseconds }) => `${name} ${printNumber(milliseconds)}`).join(', '),
      },
    ];
  },
};

interface Start {
  readonly script: string;
  readonly env: Readonly<Record<string, string>>;
  readonly pattern: RegExp;
}

async function startOf(bench: Bench, hub: TestHub, name: ServiceName): Promise<Start> {
  const database = name === 'gateway' ? undefined : await createTestDatabase();
  if (database) bench.atEnd(() => database.drop());
  return {
    script: programOf(name),
    pattern: /is ready/,
    env: {
      NATS_URL: hub.nats.url,
      NATS_CREDS_FILE: await hub.credsFile(name),
      SERVICE_KEYS: serviceKeysFor(name),
      ENVIRONMENT: 'test',
      PORT: '0',
      HOST: '127.0.0.1',
      ...(database && { DATABASE_URL: database.url }),
      ...(name === 'notifications' && { SMTP_URL: 'smtp://127.0.0.1:9' }),
      ...(name === 'agents' && {
        NATS_OPERATOR_SIGNING_SEED: hub.operatorSigning.seed,
        NATS_AGENT_USER_SIGNING_SEED: hub.agentSigning.seed,
        NATS_HUB_ACCOUNT: hub.hubAccount,
        NATS_SYS_CREDS_FILE: await hub.systemCredsFile(),
        PLATFORM_SIGNING_SEED: randomBytes(32).toString('hex'),
        AGENT_NATS_URLS: hub.nats.url,
      }),
    },
  };
}

async function timeToReady({ script, env, pattern }: Start): Promise<number> {
  const started = performance.now();
  const service = await SpawnedService.start({ name: script, script, env: { OPS_PORT: '0', ...env } });
  try {
    await service.line(pattern, { deadlineMs: 30_000, everyMs: 2 });
    return performance.now() - started;
  } catch (error) {
    throw new Error(`${script} is not ready:\n${service.logs.slice(-10).join('\n')}`, { cause: error });
  } finally {
    await service.stop();
  }
}
