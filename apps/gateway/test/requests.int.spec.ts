import { randomUUID } from 'node:crypto';
import { eventually } from '@decent-cloud/testing';
import { ACCOUNT, alice, RequestStage } from './requests/stage.ts';
import { send } from './send.ts';

const stage = RequestStage.forFile();

describe('requests', () => {
  it('reach the service with caller, params, query, body and idempotency key', async () => {
    const answer = await send(stage.gateway.port, {
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
    const answer = await send(stage.gateway.port, {
      method: 'POST',
      path: '/api/v1/notes',
      body: `{"text":"x","amount":${amount},"small":9007199254740993,"price":1.5}`,
      as: alice,
    });
    expect(answer.text).toContain(`"amount":${amount}`);
    expect(answer.text).toContain('"small":9007199254740993');
    expect(stage.world.received.at(-1)?.body).toMatchObject({
      amount: 9_223_372_036_854_775_807n,
      price: 1.5,
    });
  });

  it('are signed in version 1 or 2, any host that is ours', async () => {
    for (const version of [1, 2] as const) {
      const answer = await send(stage.gateway.port, {
        path: '/api/v1/notes/me?q=a%20b&q2=',
        as: alice,
        version,
      });
      expect(answer.status).toBe(200);
      expect(answer.json.data).toMatchObject({ verb: 'me', query: { q: 'a b' } });
    }
    const host = 'localhost:1234';
    const elsewhere = await send(stage.gateway.port, {
      path: '/api/v1/notes/me',
      as: alice,
      version: 2,
      host,
      headers: { host },
    });
    expect(elsewhere.status).toBe(200);
  });

  it('prefer literal segments to parameters, and decode parameters', async () => {
    const literal = await send(stage.gateway.port, { path: '/api/v1/notes/me', as: alice });
    expect(literal.json.data).toMatchObject({ verb: 'me' });
    const named = await send(stage.gateway.port, { path: '/api/v1/notes/a%2Fb%20c' });
    expect(named.json.data).toMatchObject({ verb: 'get', params: { name: 'a/b c' } });
  });

  it('get answers in every form', async () => {
    const csv = await send(stage.gateway.port, { path: '/api/v1/notes.csv' });
    expect([csv.text, csv.headers.get('content-type')]).toEqual(['a,b\n1,2\n', 'text/csv; charset=utf-8']);
    const plain = await send(stage.gateway.port, { path: '/api/v1/plain' });
    expect(plain.json).toMatchObject({ verb: 'plain' });
    const nothing = await send(stage.gateway.port, { method: 'DELETE', path: '/api/v1/notes/x', as: alice });
    expect(nothing.text).toBe('{"success":true}');
    const text = await send(stage.gateway.port, {
      method: 'POST',
      path: '/api/v1/import',
      body: 'a;b\n☁',
      headers: { 'content-type': 'text/csv; charset=utf-8' },
    });
    expect(text.json.data).toMatchObject({ body: 'a;b\n☁' });
    const alias = await send(stage.gateway.port, { path: '/api/v1/old-notes?q=1' });
    expect(alias.json.data).toMatchObject({ verb: 'open', query: { q: '1' } });
  });

  it('may be HEAD and OPTIONS; other verbs are told which there are', async () => {
    const head = await send(stage.gateway.port, { method: 'HEAD', path: '/api/v1/notes' });
    expect([head.status, head.text]).toEqual([200, '']);
    const options = await send(stage.gateway.port, { method: 'OPTIONS', path: '/api/v1/notes' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS, POST']);
    const wrong = await send(stage.gateway.port, { method: 'PUT', path: '/api/v1/notes/x' });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'DELETE, GET, HEAD, OPTIONS']);
  });

  it('of allowed pages get their CORS headers, errors too', async () => {
    for (const origin of [
      'http://localhost:5173',
      'https://dev.decent-cloud.org',
      'https://friend.example',
    ]) {
      const answer = await send(stage.gateway.port, { path: '/api/v1/notes/me', headers: { origin } });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
      expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
    }
    const preflight = await send(stage.gateway.port, {
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
    await send(stage.gateway.port, {
      path: `/api/v1/notes/me?q=${secret}`,
      as: alice,
      headers: {
        'x-request-id': 'logged-1',
        'x-forwarded-for': '203.0.113.7',
        traceparent: `00-${trace}-b7ad6b7169203331-01`,
      },
    });
    const line = await eventually(() => stage.world.logLines.find((one) => one.includes('logged-1')));
    expect(JSON.parse(line)).toMatchObject({
      requestId: 'logged-1',
      method: 'GET',
      route: '/api/v1/notes/me',
      status: 200,
      ip: '203.0.113.7',
      key: alice.publicKeyHex,
      traceId: trace,
    });
    expect(stage.world.logLines.join('')).not.toContain(secret);
  });

  it('are counted', async () => {
    const text = await (await fetch(`http://127.0.0.1:${stage.gateway.opsPort}/metrics`)).text();
    const has = (name: string, ...labels: string[]): boolean =>
      text.split('\n').some((line) => line.startsWith(name) && labels.every((label) => line.includes(label)));
    const request = ['route="/api/v1/notes/me"', 'method="GET"', 'status="200"'];
    expect(has('dc_http_request_duration_seconds_count', ...request)).toBe(true);
    expect(has('dc_breaker_open', 'breaker="http:contracts"')).toBe(true);
    expect(has('dc_gateway_live_streams')).toBe(true);
  });

  it('of a service with too large a request are refused, not broken', async () => {
    const small = await stage.world.gateway({ BODY_LIMIT_BYTES: String(4 * 1024 ** 2) });
    const body = JSON.stringify({ text: 'x'.repeat(2 * 1024 ** 2) });
    const answer = await send(small.port, { method: 'POST', path: '/api/v1/notes', body, as: alice });
    expect([answer.status, answer.json.code]).toEqual([413, 'BODY_TOO_LARGE']);
    expect(stage.world.errorLines()).toEqual([]);
  }, 30_000);
});
