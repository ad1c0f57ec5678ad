import { Agent } from 'node:http';
import { eventually, printFigures, testsAll } from '@decent-cloud/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import type { RunningGateway } from '../src/start-gateway.ts';
import { keyPair, nowNs, type SendOptions, send, sign } from './send.ts';
import { World } from './world.ts';

/** What somebody has recorded is sent again: at once, late, many times, after restarts. */
const CAPTURED = testsAll ? 10_000 : 1_000;
const S = 1_000_000_000n;
const HOST = 'api.example.org';
const people = Array.from({ length: 20 }, keyPair);
let first: RunningGateway;
let second: RunningGateway;
const connections = new Agent({ keepAlive: true, maxSockets: 48 });
afterAll(() => connections.destroy());
const world = World.forFile();

interface Captured extends SendOptions {
  readonly timestampNs: bigint;
}

/** Of ten senders one has a clock that is up to 290 s fast. */
function capture(index: number): Captured {
  const aheadS = index % 10 === 3 ? 5 + (index % 286) : 0;
  const timestampNs = nowNs() + BigInt(aheadS) * S;
  const isRead = index % 2 === 0;
  const request: SendOptions = {
    method: isRead ? 'GET' : 'POST',
    path: isRead ? `/api/v1/notes/me?q=${index}` : '/api/v1/notes',
    ...(isRead ? {} : { body: `{"text":"note ${index}"}` }),
    host: HOST,
  };
  const headers = sign(first.port, {
    ...request,
    timestampNs,
    version: index % 4 < 2 ? 1 : 2,
    as: people[index % people.length] as (typeof people)[0],
  });
  return { ...request, headers: { ...headers, host: HOST }, timestampNs, connections };
}

const startGateway = (clock?: () => bigint) =>
  world.gateway({ ALLOWED_HOSTS: HOST, SERVICE_TIMEOUT_MS: '20000' }, undefined, clock);
const codeOf = async (gateway: RunningGateway, request: SendOptions): Promise<string> => {
  const { status, json } = await send(gateway.port, request);
  return status === 200 || status === 201 ? 'accepted' : (json.code ?? String(status));
};

/** How many there were of each answer. */
async function answersTo(requests: readonly Captured[], gatewayOf: (index: number) => RunningGateway) {
  const counts: Record<string, number> = { accepted: 0 };
  const queue = requests.entries();
  const worker = async () => {
    for (const [index, request] of queue) {
      const code = await codeOf(gatewayOf(index), request);
      counts[code] = (counts[code] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: 48 }, worker));
  return counts;
}
const refusedAs = (counts: Record<string, number>) =>
  (counts.SIGNATURE_REPLAYED ?? 0) + (counts.SIGNATURE_EXPIRED ?? 0);

beforeAll(async () => {
  first = await startGateway();
  second = await startGateway();
}, 60_000);

let captured: Captured[];

test('each of thousands passes once: not again at another gateway, neither at once nor 299 s later', async () => {
  captured = [];
  const atOnce: Record<string, number> = { accepted: 0 };
  let passed = 0;
  const startedNs = nowNs();
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < CAPTURED; index = next++) {
      const request = capture(index);
      captured.push(request);
      if ((await codeOf(first, request)) === 'accepted') passed++;
      const again = await codeOf(second, request);
      atOnce[again] = (atOnce[again] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: 48 }, worker));
  printFigures('replays at once', { captured: captured.length, passed, ...atOnce });
  expect(passed).toBe(CAPTURED);
  expect(atOnce).toEqual({ accepted: 0, SIGNATURE_REPLAYED: CAPTURED });

  const late = await startGateway(() => startedNs + 299n * S);
  const answers = await answersTo(captured, () => late);
  printFigures('replays with the clock at +299 s', answers);
  expect(answers.accepted).toBe(0);
  expect(refusedAs(answers)).toBe(CAPTURED);
  // Not because they are too old: their stamps are good for one second more.
  expect(answers.SIGNATURE_REPLAYED).toBeGreaterThan(0.8 * CAPTURED);
}, 300_000);

test('of 100 copies at the same time exactly one passes, whatever the clock of the sender', async () => {
  const rounds = await Promise.all(
    [0n, 0n, 0n, 120n, 280n, -120n, -280n].map(async (aheadS) => {
      const request: SendOptions = { path: '/api/v1/notes/me', host: HOST };
      const headers = sign(first.port, {
        ...request,
        as: people[0] as (typeof people)[0],
        timestampNs: nowNs() + aheadS * S,
      });
      const codes = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          codeOf(index % 2 === 0 ? first : second, { ...request, headers: { ...headers, host: HOST } }),
        ),
      );
      return codes.filter((code) => code === 'accepted').length;
    }),
  );
  printFigures('100 copies at the same time', { rounds: rounds.length, accepted: rounds.join(' ') });
  // The store is younger than the oldest stamps.
  expect(rounds).toEqual([1, 1, 1, 1, 1, 0, 0]);
}, 60_000);

/** Everything that gateways and broker keep in memory is gone; honest requests pass again. */
async function restartAll(between: () => Promise<unknown>): Promise<void> {
  for (const gateway of world.gateways.splice(0)) await gateway.stop();
  await between();
  first = await startGateway();
  second = await startGateway();
  await eventually(
    async () =>
      (await codeOf(first, capture(0))) === 'accepted' && (await codeOf(second, capture(0))) === 'accepted',
    { deadlineMs: 30_000 },
  );
}

test.each([
  [
    'gateways and broker were killed together',
    async () => {
      await world.nats.kill('SIGKILL');
      await world.nats.startAgain();
      await eventually(() => world.bus.flush().then(() => true));
    },
  ],
  [
    'the store of nonces was deleted and the gateways started again',
    async () => (await jetstreamManager(world.bus)).streams.delete('KV_gateway_nonces'),
  ],
])(
  'none passes after %s, not even one that was stamped ahead',
  async (what, between) => {
    await restartAll(between);
    const restartedNs = nowNs();
    const ahead = captured.filter(({ timestampNs }) => timestampNs > restartedNs);
    // The newest stamps first: they would pass the longest.
    const order = [...captured].sort((a, b) => (a.timestampNs > b.timestampNs ? -1 : 1));
    const answers = await answersTo(order, (index) => (index % 2 === 0 ? first : second));
    printFigures(what, { captured: order.length, 'stamped after the restart': ahead.length, ...answers });
    expect(answers.accepted).toBe(0);
    expect(refusedAs(answers)).toBe(CAPTURED);
    expect(ahead.length).toBeGreaterThan(50);
    const fresh = await answersTo(
      Array.from({ length: 200 }, (_, index) => capture(10 * index)),
      () => first,
    );
    expect(fresh).toEqual({ accepted: 200 });
  },
  300_000,
);
