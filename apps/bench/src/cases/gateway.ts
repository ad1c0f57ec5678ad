import { ensureStream } from '@decent-cloud/bus';
import { generateKeyPair } from '@decent-cloud/identity';
import { streams } from '@decent-cloud/messages';
import { findAccount } from '@decent-cloud/messages/accounts';
import { resolveKey } from '@decent-cloud/messages/requests';
import { freePort, SpawnedService, serviceKeysFor } from '@decent-cloud/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import { type Bench, type Case, programOf } from '../bench.ts';
import { cpuSeconds } from '../load/cpu.ts';
import { HttpLoad } from '../load/http-load.ts';
import { plainRequest, signedRequest } from '../load/signed-request.ts';
import { median } from '../report/percentile.ts';

const CONNECTIONS = 16;
const ROUNDS = 5;
const A_ROUND = 1_200;
const WARM_UP = 1_500;

const OVERHEAD = 'signed request at the gateway, CPU';
const PATH = 'signed requests, nonce and bus hop';
const TWO = 'two gateways, of one';

const keyPair = generateKeyPair();
const ACCOUNT = {
  id: '6e5dbd89f8f145f0945b316f5d1d4a03',
  username: 'bench',
  createdAt: 1,
  updatedAt: 1,
  publicKeys: [],
  isAdmin: false,
  emailVerified: true,
};

export const gateway: Case = {
  lines: [
    { bar: 'P2', name: OVERHEAD },
    { bar: 'P3', name: PATH },
    { bar: 'P12', name: TWO },
  ],
  async run(bench) {
    await playAccounts(bench);
    const [one, other] = [await startGateway(bench), await startGateway(bench)];
    for (const each of [one, other]) {
      await each.load.drive(plain(WARM_UP));
      await each.load.drive(signed(each, WARM_UP));
    }
    const costs = { plain: [] as number[], signed: [] as number[], both: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      costs.plain.push(await cost(one, () => one.load.drive(plain(A_ROUND)), A_ROUND));
      const requests = signed(one, A_ROUND);
      costs.signed.push(await cost(one, () => one.load.drive(requests), A_ROUND));
      const [first, second] = [signed(one, A_ROUND), signed(other, A_ROUND)];
      const before = await Promise.all([one, other].map(({ pid }) => cpuSeconds([pid])));
      await Promise.all([one.load.drive(first), other.load.drive(second)]);
      const after = await Promise.all([one, other].map(({ pid }) => cpuSeconds([pid])));
      // What both do together while each has a second of CPU.
      costs.both.push(
        after.reduce((sum, seconds, index) => sum + A_ROUND / (seconds - (before[index] as number)), 0),
      );
    }
    const rates = await bench.verifyRates();
    const bareVerify = 1e6 / rates.native;
    const us = { plain: median(costs.plain), signed: median(costs.signed) };
    const floor = us.plain + bareVerify;
    const rate = 1e6 / us.signed;
    return [
      {
        bar: 'P2',
        name: OVERHEAD,
        measured: { value: us.signed, unit: 'us' },
        yardstick: { what: 'unsigned + bare check', value: floor, unit: 'us' },
        ratio: us.signed / floor,
        limit: { atMost: 1.25 },
        note: `the same route, which both may call; unsigned ${Math.round(us.plain)} us, check ${Math.round(bareVerify)} us; the shared nonce is in the signed one only`,
      },
      {
        bar: 'P3',
        name: PATH,
        measured: { value: rate, unit: '/CPU-s' },
        yardstick: { what: 'bare check', value: rates.native, unit: '/CPU-s' },
        ratio: rate / rates.native,
        limit: { atLeast: 0.4 },
        note: 'CPU of the gateway',
      },
      {
        bar: 'P12',
        name: TWO,
        measured: { value: median(costs.both), unit: '/CPU-s' },
        yardstick: { what: 'one', value: rate, unit: '/CPU-s' },
        ratio: median(costs.both) / rate,
        limit: { atLeast: 1.8 },
        note: 'by CPU-seconds: callers, broker and gateways share the CPUs here, so that wall-clock would measure them; waiting for something shared is not seen',
      },
    ];
  },
};

interface StartedGateway {
  readonly pid: number;
  readonly host: string;
  readonly load: HttpLoad;
}

const CALL = { method: 'GET', path: `/api/v1/accounts?publicKey=${keyPair.publicKeyHex}` };
const plain = (count: number) => new Array(count).fill(plainRequest(CALL));
const signed = ({ host }: StartedGateway, count: number) =>
  Array.from({ length: count }, () => signedRequest(keyPair, host, CALL));

/** Microseconds of CPU for each request. */
async function cost({ pid }: StartedGateway, work: () => Promise<unknown>, count: number): Promise<number> {
  const before = await cpuSeconds([pid]);
  await work();
  return (((await cpuSeconds([pid])) - before) / count) * 1e6;
}

/** The services behind the gateway, answering without thought: only the gateway is measured here. */
async function playAccounts(bench: Bench): Promise<void> {
  const connection = await bench.connection();
  await ensureStream(await jetstreamManager(connection), streams.FACTS);
  const answers: [string, unknown][] = [
    [resolveKey.subject, { status: 'active', accountId: ACCOUNT.id }],
    [findAccount.subject, ACCOUNT],
  ];
  for (const [subject, data] of answers) {
    const reply = JSON.stringify({ data });
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (error) throw error;
        message.respond(reply);
      },
    });
  }
  await connection.flush();
}

async function startGateway(bench: Bench): Promise<StartedGateway> {
  const port = await freePort();
  const url = new URL(`http://127.0.0.1:${port}`);
  const service = await SpawnedService.start({
    name: 'gateway',
    script: programOf('gateway'),
    env: {
      NATS_URL: (await bench.broker()).url,
      SERVICE_KEYS: serviceKeysFor('gateway'),
      ENVIRONMENT: 'test',
      HOST: '127.0.0.1',
      PORT: String(port),
      PUBLIC_URL: url.origin,
    },
  });
  bench.atEnd(() => service.stop());
  await service.ready();
  const line = await service.line(/"pid":\d+/);
  const load = new HttpLoad(url, CONNECTIONS);
  bench.atEnd(async () => load.close());
  return { pid: Number(/"pid":(\d+)/.exec(line)?.[1]), host: url.host, load };
}
