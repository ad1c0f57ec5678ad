import { eventually } from '@decent-cloud/testing';
import type { RunningGateway } from '../src/start-gateway.ts';
import { keyPair, send, World } from './world.ts';

let world: World;
let first: RunningGateway;
let second: RunningGateway;
const ON = { RATE_LIMIT_ENABLED: 'true', TRUSTED_PROXIES: '127.0.0.1' };

beforeAll(async () => {
  world = await World.start();
  first = await world.gateway(ON);
  second = await world.gateway(ON);
});
afterAll(() => world?.stop());

let lastIp = 0;
const freshIp = (): string => `198.51.100.${++lastIp}`;
const from = (ip: string) => ({ 'x-forwarded-for': ip });
const strict = (gateway: RunningGateway, ip: string) =>
  send(gateway.port, { method: 'POST', path: '/api/v1/strict', headers: from(ip) });

/** Not across the end of a window: counts begin anew there. */
async function early(): Promise<void> {
  const leftMs = 60_000 - (Date.now() % 60_000);
  if (leftMs < 8_000) await eventually(() => Date.now() % 60_000 < 8_000, { deadlineMs: 10_000 });
}
beforeEach(early, 15_000);

describe('rate limits', () => {
  it('refuse the eleventh strict request of an address, with when and why', async () => {
    const ip = freshIp();
    for (let index = 0; index < 10; index++) expect((await strict(first, ip)).status).toBe(200);
    const refused = await strict(first, ip);
    expect([refused.status, refused.json.code, refused.json.error]).toEqual([
      429,
      'RATE_LIMITED',
      'Rate limit exceeded. Please try again later.',
    ]);
    expect(refused.headers.get('x-ratelimit-tier')).toBe('strict');
    const waitSeconds = Number(refused.headers.get('retry-after'));
    expect(waitSeconds).toBeGreaterThanOrEqual(1);
    expect(waitSeconds).toBeLessThanOrEqual(60);
    expect((await strict(first, freshIp())).status).toBe(200);
    expect((await send(first.port, { path: '/api/v1/notes', headers: from(ip) })).status).toBe(200);
  });

  it('are shared by the gateways, soon', async () => {
    const ip = freshIp();
    for (let index = 0; index < 10; index++) await strict(first, ip);
    await eventually(async () => (await strict(second, ip)).status === 429);
    expect((await strict(second, freshIp())).status).toBe(200);
  });

  it('go on being shared after a restart of the broker', async () => {
    await world.nats.kill('SIGKILL');
    await world.nats.startAgain();
    await eventually(
      async () => {
        const ip = freshIp();
        for (let index = 0; index < 10; index++) await strict(first, ip);
        await new Promise((resolve) => setTimeout(resolve, 500));
        return (await strict(second, ip)).status === 429;
      },
      { deadlineMs: 20_000 },
    );
  }, 40_000);

  it('count agents by their key, and those who fail to sign by address', async () => {
    const ip = freshIp();
    const agents = [keyPair(), keyPair(), keyPair()];
    for (const agent of agents) {
      world.delegations.set(agent.publicKeyHex, {
        providerPublicKey: agent.publicKeyHex,
        permissions: ['heartbeat'],
      });
    }
    const beat = (as: (typeof agents)[number], headers: Record<string, string> = {}) =>
      send(first.port, {
        method: 'POST',
        path: '/api/v1/agents/beat',
        as,
        agent: true,
        headers: { ...from(ip), ...headers },
      });
    const [one, two, three] = agents as [(typeof agents)[0], (typeof agents)[0], (typeof agents)[0]];
    // The broker has just restarted: signatures from before the new nonce store are refused.
    await eventually(async () => (await beat(keyPair(), from(freshIp()))).json.code === 'DELEGATION_MISSING');
    for (let index = 0; index < 60; index++) {
      expect((await beat(one)).status).toBe(200);
      expect((await beat(two)).status).toBe(200);
    }
    expect((await beat(one)).status).toBe(429);
    expect((await beat(three)).status).toBe(200);
    for (let index = 0; index < 60; index++) {
      expect((await beat(three, { 'X-Signature': '11'.repeat(64) })).status).toBe(401);
    }
    expect((await beat(three, { 'X-Signature': '11'.repeat(64) })).status).toBe(429);
  }, 30_000);

  it('do not believe X-Forwarded-For of anybody, and are off unless in production', async () => {
    const direct = await world.gateway({ RATE_LIMIT_ENABLED: 'true' });
    for (let index = 0; index < 10; index++) await strict(direct, freshIp());
    expect((await strict(direct, freshIp())).status).toBe(429);
    const off = await world.gateway();
    for (let index = 0; index < 12; index++) expect((await strict(off, '')).status).toBe(200);
    const health = await send(direct.port, { path: '/api/v1/health' });
    expect(health.status).toBe(200);
  });
});
