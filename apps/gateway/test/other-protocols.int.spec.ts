import type { Refusal } from '@decent-cloud/kernel';
import type { RunningGateway } from '../src/start-gateway.ts';
import { keyPair, send } from './send.ts';
import { World } from './world.ts';

const SECRET = 'a-key-that-no-log-may-have';
const path = '/api/v1/hook';
const world = World.forFile();
let gateway: RunningGateway;
let legacy: RunningGateway;
beforeAll(async () => {
  gateway = await world.gateway();
  legacy = await world.gateway({ API_ERROR_STATUS: 'legacy' });
});

const refused = (code: Refusal['code'], reason: Refusal['reason']) =>
  JSON.stringify({ refuse: [code, reason, `no: ${code}`] });

describe('declared headers', () => {
  test('reach the service, and no others do', async () => {
    const answer = await send(gateway.port, {
      method: 'POST',
      path,
      body: '{}',
      headers: { 'X-Api-User': 'me', 'x-api-key': SECRET, 'x-other': 'no', authorization: 'Bearer x' },
    });
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ verb: 'hook', headers: { 'x-api-user': 'me', 'x-api-key': SECRET } });
    expect(world.received.at(-1)?.headers).toEqual({ 'x-api-user': 'me', 'x-api-key': SECRET });
  });

  test('may be absent; endpoints that declare none get none', async () => {
    await send(gateway.port, { method: 'POST', path, headers: { 'x-api-key': 'k' } });
    expect(world.received.at(-1)?.headers).toEqual({ 'x-api-key': 'k' });
    const headers = { 'x-api-key': 'k' };
    await send(gateway.port, {
      method: 'POST',
      path: '/api/v1/notes',
      body: '{"text":"x"}',
      as: keyPair(),
      headers,
    });
    expect(world.received.at(-1)).not.toHaveProperty('headers');
  });

  test('are in no log line', async () => {
    expect(world.logLines.length).toBeGreaterThan(3);
    expect(world.logLines.join('\n')).not.toContain(SECRET);
  });
});

describe('refusals for clients of another protocol', () => {
  test.each([
    ['UNAUTHENTICATED', 'API_KEY_INVALID', 401],
    ['INVALID', 'INVALID_INPUT', 400],
    ['CONFLICT', 'DC_ID_TAKEN', 409],
    ['UNAVAILABLE', 'SERVICE_UNAVAILABLE', 500],
    ['PRECONDITION', 'DNS_NOT_CONFIGURED', 500],
  ] as const)('%s has no envelope, and its own status in both modes', async (code, reason, status) => {
    for (const { port } of [gateway, legacy]) {
      const answer = await send(port, { method: 'POST', path, body: refused(code, reason) });
      expect({ status: answer.status, text: answer.text }).toEqual({
        status,
        text: JSON.stringify({ error: `no: ${code}` }),
      });
      expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    }
  });

  test('so do those that come before the service', async () => {
    for (const { port } of [gateway, legacy]) {
      const broken = await send(port, { method: 'POST', path, body: '{' });
      expect(broken.status).toBe(400);
      expect(Object.keys(broken.json)).toEqual(['error']);
      const typed = await send(port, {
        method: 'POST',
        path,
        body: '{}',
        headers: { 'content-type': 'text/x' },
      });
      expect(typed.status).toBe(415);
      expect(Object.keys(typed.json)).toEqual(['error']);
    }
  });

  test('other endpoints keep their envelope and their mode', async () => {
    const body = refused('CONFLICT', 'DC_ID_TAKEN');
    const as = keyPair();
    const usual = await send(gateway.port, { method: 'POST', path: '/api/v1/notes', body, as });
    expect([usual.status, usual.json.code]).toEqual([409, 'DC_ID_TAKEN']);
    const old = await send(legacy.port, { method: 'POST', path: '/api/v1/notes', body, as });
    expect([old.status, old.json.success, old.json.code]).toEqual([200, false, 'DC_ID_TAKEN']);
  });
});
