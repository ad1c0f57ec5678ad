import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { eventually } from '@decent-cloud/testing';
import type { RunningGateway } from '../src/start-gateway.ts';
import { keyPair, send, World } from './world.ts';

let world: World;
let gateway: RunningGateway;
const alice = keyPair();
const laptop = keyPair();
const agent = keyPair();
const ACCOUNT = 'a'.repeat(32);

beforeAll(async () => {
  world = await World.start();
  world.owners.set(alice.publicKeyHex, { status: 'active', accountId: ACCOUNT });
  world.owners.set(laptop.publicKeyHex, { status: 'active', accountId: ACCOUNT, isAdmin: true });
  world.delegations.set(agent.publicKeyHex, {
    providerPublicKey: alice.publicKeyHex,
    permissions: ['heartbeat'],
  });
  gateway = await world.gateway({ CORS_ORIGINS: 'https://friend.example', TRUSTED_PROXIES: '127.0.0.1' });
});
afterAll(() => world?.stop());

const callerOf = (data: unknown) => (data as { caller: unknown }).caller;

describe('requests', () => {
  it('reach the service with caller, params, query, body and idempotency key', async () => {
    const answer = await send(gateway.port, {
      method: 'POST',
      path: '/api/v1/notes',
      body: '{"text":"Zoë ☁"}',
      as: alice,
      headers: { 'idempotency-key': 'key-1', 'x-request-id': 'mine-1' },
    });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      success: true,
      data: {
        verb: 'create',
        caller: { kind: 'user', publicKey: alice.publicKeyHex, accountId: ACCOUNT },
        requestId: 'mine-1',
        idempotencyKey: 'key-1',
        body: { text: 'Zoë ☁' },
      },
    });
    expect(answer.headers.get('x-request-id')).toBe('mine-1');
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  it('carry integers beyond 2^53 exactly, in and out', async () => {
    const amount = '9223372036854775807';
    const answer = await send(gateway.port, {
      method: 'POST',
      path: '/api/v1/notes',
      body: `{"text":"x","amount":${amount},"small":9007199254740993,"price":1.5}`,
      as: alice,
    });
    expect(answer.text).toContain(`"amount":${amount}`);
    expect(answer.text).toContain('"small":9007199254740993');
    expect(world.received.at(-1)?.body).toMatchObject({ amount: 9_223_372_036_854_775_807n, price: 1.5 });
  });

  it('are signed in version 1 or 2, any host that is ours', async () => {
    for (const version of [1, 2] as const) {
      const answer = await send(gateway.port, { path: '/api/v1/notes/me?q=a%20b&q2=', as: alice, version });
      expect(answer.status).toBe(200);
      expect(answer.json.data).toMatchObject({ verb: 'me', query: { q: 'a b' } });
    }
    const host = 'localhost:1234';
    const elsewhere = await send(gateway.port, {
      path: '/api/v1/notes/me',
      as: alice,
      version: 2,
      host,
      headers: { host },
    });
    expect(elsewhere.status).toBe(200);
  });

  it('prefer literal segments to parameters, and decode parameters', async () => {
    const literal = await send(gateway.port, { path: '/api/v1/notes/me', as: alice });
    expect(literal.json.data).toMatchObject({ verb: 'me' });
    const named = await send(gateway.port, { path: '/api/v1/notes/a%2Fb%20c' });
    expect(named.json.data).toMatchObject({ verb: 'get', params: { name: 'a/b c' } });
  });

  it('are anonymous where signing is optional and a header lacks', async () => {
    const half = await send(gateway.port, {
      path: '/api/v1/notes/x',
      headers: { 'x-public-key': alice.publicKeyHex, 'x-signature': 'nonsense' },
    });
    expect(callerOf(half.json.data)).toEqual({ kind: 'anonymous' });
    const whole = await send(gateway.port, { path: '/api/v1/notes/x', as: alice });
    expect(callerOf(whole.json.data)).toMatchObject({ kind: 'user', publicKey: alice.publicKeyHex });
  });

  it('are signed by the key of an agent where signing is optional: then it speaks for itself alone', async () => {
    const signed = await send(gateway.port, { path: '/api/v1/notes/x', as: agent, agent: true });
    expect(callerOf(signed.json.data)).toEqual({ kind: 'user', publicKey: agent.publicKeyHex });
    const forged = await send(gateway.port, {
      path: '/api/v1/notes/x',
      as: agent,
      agent: true,
      headers: { 'x-agent-pubkey': keyPair().publicKeyHex },
    });
    expect(forged).toMatchObject({ status: 401, json: { code: 'SIGNATURE_INVALID' } });
  });

  it('of agents are asked about with the provider that their path names', async () => {
    const newcomer = keyPair();
    const beat = (path: string) =>
      send(gateway.port, { method: 'POST', path, body: '{}', as: newcomer, agent: true });
    const provider = alice.publicKeyHex;
    expect(await beat(`/api/v1/providers/${provider.toUpperCase()}/beat`)).toMatchObject({
      json: { code: 'DELEGATION_MISSING' },
    });
    expect(world.namedProviders.at(-1)).toBe(provider);
    await beat('/api/v1/agents/beat');
    expect(world.namedProviders.at(-1)).toBeUndefined();
    expect(await beat('/api/v1/providers/zz/beat')).toMatchObject({ status: 400 });
  });

  it('that write and get no answer are said to be unknown, with the key that does them once', async () => {
    const silent = (method: string, key?: string) =>
      send(gateway.port, {
        method,
        path: '/api/v1/silent',
        headers: key === undefined ? {} : { 'idempotency-key': key },
      });
    const own = await silent('POST', 'my-key');
    expect(own).toMatchObject({ status: 503, json: { code: 'OUTCOME_UNKNOWN' } });
    expect(own.json.error).toContain('Send it again with Idempotency-Key my-key: it is done once');
    const given = await silent('POST');
    const key = given.headers.get('idempotency-key');
    expect(key).toMatch(/^[0-9a-f-]{36}$/);
    expect(given.json.error).toContain(`Send it again with Idempotency-Key ${key}`);
    expect(world.received.at(-1)?.idempotencyKey).toBe(key);
    const without = await silent('PUT');
    expect(without).toMatchObject({ status: 503, json: { code: 'OUTCOME_UNKNOWN' } });
    expect(without.json.error).toContain('Look whether it is done before sending it again');
    expect(await silent('GET')).toMatchObject({ status: 503, json: { code: 'SERVICE_UNAVAILABLE' } });
  });

  it('of which a part is unknown say the key of the whole', async () => {
    const doubtful = await send(gateway.port, {
      method: 'POST',
      path: '/api/v1/doubtful',
      body: JSON.stringify({ refuse: ['UNAVAILABLE', 'OUTCOME_UNKNOWN', 'The payments service is silent'] }),
      headers: { 'idempotency-key': 'whole' },
    });
    expect(doubtful).toMatchObject({ status: 503, json: { code: 'OUTCOME_UNKNOWN' } });
    expect(doubtful.json.error).toContain('Idempotency-Key whole');
  });

  it('are for oneself with any active key of the account', async () => {
    const path = `/api/v1/users/${alice.publicKeyHex.toUpperCase()}/notes`;
    for (const as of [alice, laptop]) {
      const answer = await send(gateway.port, { path, as });
      expect(answer.status).toBe(200);
      expect(callerOf(answer.json.data)).toMatchObject({ publicKey: as.publicKeyHex });
    }
  });

  it('of a key without account pass where a signature is enough', async () => {
    const stranger = keyPair();
    const answer = await send(gateway.port, {
      path: `/api/v1/users/${stranger.publicKeyHex}/notes`,
      as: stranger,
    });
    expect(callerOf(answer.json.data)).toEqual({ kind: 'user', publicKey: stranger.publicKeyHex });
  });

  it('of agents name their provider and permissions; the agent header wins', async () => {
    const expected = {
      kind: 'agent',
      publicKey: agent.publicKeyHex,
      providerPublicKey: alice.publicKeyHex,
      permissions: ['heartbeat'],
    };
    const beat = await send(gateway.port, {
      method: 'POST',
      path: '/api/v1/agents/beat',
      body: '{}',
      as: agent,
      agent: true,
    });
    expect(callerOf(beat.json.data)).toEqual(expected);
    const shared = await send(gateway.port, {
      method: 'PUT',
      path: '/api/v1/shared',
      as: agent,
      agent: true,
      headers: { 'x-public-key': alice.publicKeyHex },
    });
    expect(callerOf(shared.json.data)).toEqual(expected);
    const provider = await send(gateway.port, { method: 'PUT', path: '/api/v1/shared', as: alice });
    expect(callerOf(provider.json.data)).toMatchObject({ kind: 'user' });
  });

  it('of admins pass', async () => {
    const answer = await send(gateway.port, { path: '/api/v1/admin/notes', as: laptop });
    expect(callerOf(answer.json.data)).toMatchObject({ kind: 'user', isAdmin: true });
  });

  it('ask accounts once for a key in a while, and for strangers each time', async () => {
    const known = keyPair();
    world.owners.set(known.publicKeyHex, { status: 'active', accountId: 'b'.repeat(32) });
    const before = world.keyQuestions;
    for (let index = 0; index < 3; index++) await send(gateway.port, { path: '/api/v1/notes/me', as: known });
    expect(world.keyQuestions).toBe(before + 1);
    const stranger = keyPair();
    for (let index = 0; index < 3; index++)
      await send(gateway.port, { path: '/api/v1/notes/me', as: stranger });
    expect(world.keyQuestions).toBe(before + 4);
  });

  it('get answers in every form', async () => {
    const csv = await send(gateway.port, { path: '/api/v1/notes.csv' });
    expect([csv.text, csv.headers.get('content-type')]).toEqual(['a,b\n1,2\n', 'text/csv; charset=utf-8']);
    const plain = await send(gateway.port, { path: '/api/v1/plain' });
    expect(plain.json).toMatchObject({ verb: 'plain' });
    const nothing = await send(gateway.port, { method: 'DELETE', path: '/api/v1/notes/x', as: alice });
    expect(nothing.text).toBe('{"success":true}');
    const text = await send(gateway.port, {
      method: 'POST',
      path: '/api/v1/import',
      body: 'a;b\n☁',
      headers: { 'content-type': 'text/csv; charset=utf-8' },
    });
    expect(text.json.data).toMatchObject({ body: 'a;b\n☁' });
    const alias = await send(gateway.port, { path: '/api/v1/old-notes?q=1' });
    expect(alias.json.data).toMatchObject({ verb: 'open', query: { q: '1' } });
  });

  it('may be HEAD and OPTIONS; other verbs are told which there are', async () => {
    const head = await send(gateway.port, { method: 'HEAD', path: '/api/v1/notes' });
    expect([head.status, head.text]).toEqual([200, '']);
    const options = await send(gateway.port, { method: 'OPTIONS', path: '/api/v1/notes' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS, POST']);
    const wrong = await send(gateway.port, { method: 'PUT', path: '/api/v1/notes/x' });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'DELETE, GET, HEAD, OPTIONS']);
  });

  it('of allowed pages get their CORS headers, errors too', async () => {
    for (const origin of [
      'http://localhost:5173',
      'https://dev.decent-cloud.org',
      'https://friend.example',
    ]) {
      const answer = await send(gateway.port, { path: '/api/v1/notes/me', headers: { origin } });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
      expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
    }
    const preflight = await send(gateway.port, {
      method: 'OPTIONS',
      path: '/api/v1/notes',
      headers: {
        origin: 'http://localhost:5173',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'X-Public-Key, x-signature, idempotency-key',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-max-age')).toBe('86400');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('x-signature-version');
  });

  it('are logged without signature, query and body, with key, address and trace', async () => {
    const secret = randomUUID();
    const trace = '0af7651916cd43dd8448eb211c80319c';
    await send(gateway.port, {
      path: `/api/v1/notes/me?q=${secret}`,
      as: alice,
      headers: {
        'x-request-id': 'logged-1',
        'x-forwarded-for': '203.0.113.7',
        traceparent: `00-${trace}-b7ad6b7169203331-01`,
      },
    });
    const line = await eventually(() => world.logLines.find((one) => one.includes('logged-1')));
    expect(JSON.parse(line)).toMatchObject({
      requestId: 'logged-1',
      method: 'GET',
      route: '/api/v1/notes/me',
      status: 200,
      ip: '203.0.113.7',
      key: alice.publicKeyHex,
      traceId: trace,
    });
    expect(world.logLines.join('')).not.toContain(secret);
  });

  it('are counted', async () => {
    const text = await (await fetch(`http://127.0.0.1:${gateway.opsPort}/metrics`)).text();
    const has = (name: string, ...labels: string[]): boolean =>
      text.split('\n').some((line) => line.startsWith(name) && labels.every((label) => line.includes(label)));
    const request = ['route="/api/v1/notes/me"', 'method="GET"', 'status="200"'];
    expect(has('dc_http_request_duration_seconds_count', ...request)).toBe(true);
    expect(has('dc_breaker_open', 'breaker="http:contracts"')).toBe(true);
    expect(has('dc_gateway_live_streams')).toBe(true);
  });

  it('of a service with too large a request are refused, not broken', async () => {
    const small = await world.gateway({ BODY_LIMIT_BYTES: String(4 * 1024 ** 2) });
    const body = JSON.stringify({ text: 'x'.repeat(2 * 1024 ** 2) });
    const answer = await send(small.port, { method: 'POST', path: '/api/v1/notes', body, as: alice });
    expect([answer.status, answer.json.code]).toEqual([413, 'BODY_TOO_LARGE']);
    expect(world.errorLines()).toEqual([]);
  }, 30_000);
});

describe('a body that is much too large', () => {
  it('gets its answer while it is still being sent', async () => {
    const part = 'x'.repeat(256 * 1024);
    const parts = 12;
    const socket = connectTcp(gateway.port, '127.0.0.1');
    const faults: unknown[] = [];
    socket.on('error', (error) => faults.push(error));
    let answer = '';
    socket.setEncoding('utf8').on('data', (text) => {
      answer += text;
    });
    await once(socket, 'connect');
    socket.write(
      `POST /api/v1/notes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${parts * part.length}\r\n\r\n`,
    );
    let sent = 0;
    for (; sent < parts && !socket.destroyed; sent++) {
      socket.write(part);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (!socket.closed) await once(socket, 'close');
    expect({ sent, faults }).toEqual({ sent: parts, faults: [] });
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });
});

describe('a gateway that ends', () => {
  it('finishes the request in hand, and nobody who holds the line keeps it', async () => {
    const ending = await world.gateway();
    const silent = connectTcp(ending.port, '127.0.0.1');
    await once(silent, 'connect');
    const before = world.received.length;
    const inHand = send(ending.port, { path: '/api/v1/silent' });
    await eventually(() => world.received.length > before);
    const stopped = ending.stop();
    expect((await inHand).json.code).toBe('SERVICE_UNAVAILABLE');
    await stopped;
    await expect(send(ending.port, { path: '/api/v1/notes' })).rejects.toThrow(/ECONNREFUSED/);
    silent.destroy();
  });
});

describe('a gateway whose bus is gone', () => {
  it('says 503 at once, is not ready, and works again afterwards', async () => {
    await world.nats.kill('SIGKILL');
    const answer = await eventually(async () => {
      const got = await send(gateway.port, { path: '/api/v1/notes' });
      return got.status === 503 ? got : undefined;
    });
    expect(answer.json).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(answer.headers.get('retry-after')).toBe('1');
    const signed = await send(gateway.port, { path: '/api/v1/notes/me', as: alice });
    expect(signed.status).toBe(503);
    const ready = await fetch(`http://127.0.0.1:${gateway.opsPort}/health/ready`);
    expect(ready.status).toBe(503);
    await world.nats.startAgain();
    await eventually(
      async () => (await send(gateway.port, { path: '/api/v1/notes/me', as: alice })).status === 200,
    );
    expect(world.errorLines()).toEqual([]);
  });
});
