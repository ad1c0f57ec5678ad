import { connect, type Socket } from 'node:net';
import { eventually } from '@decent-cloud/testing';
import type { RunningGateway } from '../src/start-gateway.ts';
import { keyPair, send } from './send.ts';
import { World } from './world.ts';

const world = World.forFile();
let first: RunningGateway;
let second: RunningGateway;
const ON = { RATE_LIMIT_ENABLED: 'true', TRUSTED_PROXIES: '127.0.0.1' };

beforeAll(async () => {
  first = await world.gateway(ON);
  second = await world.gateway(ON);
});

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

  it('let an address guess a secret ten times in a minute, whether requests are limited or not', async () => {
    for (const env of [ON, { TRUSTED_PROXIES: '127.0.0.1' }]) {
      const gateway = await world.gateway(env);
      const ip = freshIp();
      const guess = (wrong: boolean, address = ip) =>
        send(gateway.port, {
          method: 'POST',
          path: '/api/v1/hook',
          headers: from(address),
          body: JSON.stringify(wrong ? { refuse: ['UNAUTHENTICATED', 'API_KEY_INVALID', 'wrong'] } : {}),
        });
      for (let index = 0; index < 20; index++) expect((await guess(false)).status).toBe(200);
      for (let index = 0; index < 10; index++) expect((await guess(true)).status).toBe(401);
      const refused = await guess(true);
      expect([refused.status, refused.text]).toEqual([
        429,
        '{"error":"Rate limit exceeded. Please try again later."}',
      ]);
      expect((await guess(false)).status).toBe(429);
      expect((await guess(true, freshIp())).status).toBe(401);
    }
  });

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

describe('connections', () => {
  const open: Socket[] = [];
  afterEach(() => {
    for (const socket of open.splice(0)) socket.destroy();
  });
  interface Held {
    readonly socket: Socket;
    answer: string;
    ended: boolean;
  }
  const hold = (port: number): Held => {
    // Goes on after the other side has said goodbye.
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    open.push(socket);
    const held: Held = { socket, answer: '', ended: false };
    socket.on('data', (chunk) => {
      held.answer += chunk;
    });
    socket
      .on('error', () => undefined)
      .on('close', () => {
        held.ended = true;
      });
    return held;
  };
  /** Says the beginning, then a piece again and again. */
  const dribble = (port: number, beginning: string, piece: string): Held => {
    const held = hold(port);
    held.socket.write(beginning);
    const timer = setInterval(() => held.socket.write(piece), 100);
    held.socket.on('close', () => clearInterval(timer));
    return held;
  };

  it('that say nothing, or dribble their headers or their body, are ended soon after the limit', async () => {
    const { port } = await world.gateway({ HEADERS_TIMEOUT_SECS: '1', REQUEST_TIMEOUT_SECS: '2' });
    const silent = hold(port);
    const headers = dribble(port, 'GET /api/v1/notes HTTP/1.1\r\nHost: localhost\r\nX-A: ', 'a');
    const post = 'POST /api/v1/notes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    const body = dribble(port, `${post}Content-Length: 10000\r\n\r\n`, 'a');
    const chunks = dribble(port, `${post}Transfer-Encoding: chunked\r\n\r\n`, '1\r\na\r\n');
    const all = [silent, headers, body, chunks];
    await eventually(() => all.every(({ answer }) => answer !== ''), { deadlineMs: 15_000 });
    // Whoever does not leave then is thrown out.
    await eventually(() => {
      for (const { socket } of all) if (!socket.destroyed) socket.write('a');
      return all.every(({ ended }) => ended);
    });
    expect(all.map(({ answer }) => answer.split('\r\n')[0])).toEqual(
      all.map(() => 'HTTP/1.1 408 Request Timeout'),
    );
  }, 20_000);

  it('on which the answers are not read are ended', async () => {
    const { port } = await world.gateway({
      REQUEST_TIMEOUT_SECS: '1',
      HEADERS_TIMEOUT_SECS: '1',
      KEEP_ALIVE_TIMEOUT_SECS: '1',
      SSE_KEEP_ALIVE_SECS: '1',
    });
    const request = `GET /api/v1/notes?q=${'a'.repeat(7_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    const deaf = hold(port);
    deaf.socket.pause();
    for (let index = 0; index < 2_000; index++) deaf.socket.write(request);
    await eventually(
      () => {
        if (!deaf.socket.destroyed) deaf.socket.write('G');
        return deaf.ended;
      },
      { deadlineMs: 15_000 },
    );
  }, 20_000);

  it('are limited for an address', async () => {
    const { port } = await world.gateway({ CONNECTIONS_PER_ADDRESS: '3' });
    const held = [hold(port), hold(port), hold(port)];
    await eventually(() => held.every(({ socket }) => !socket.connecting));
    const refused = hold(port);
    await eventually(() => refused.socket.destroyed || (refused.socket.write('G') && false));
    expect(held.map(({ ended }) => ended)).toEqual([false, false, false]);
    held[0]?.socket.destroy();
    await eventually(
      async () => (await send(port, { path: '/api/v1/health' }).catch(() => undefined))?.status === 200,
    );
  });
});
