import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { eventually } from '@decent-cloud/testing';
import { alice, RequestStage } from './requests/stage.ts';
import { send } from './send.ts';

const stage = RequestStage.forFile();

describe('requests', () => {
  it('that write and get no answer are said to be unknown, with the key that does them once', async () => {
    const silent = (method: string, key?: string) =>
      send(stage.gateway.port, {
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
    expect(stage.world.received.at(-1)?.idempotencyKey).toBe(key);
    const without = await silent('PUT');
    expect(without).toMatchObject({ status: 503, json: { code: 'OUTCOME_UNKNOWN' } });
    expect(without.json.error).toContain('Look whether it is done before sending it again');
    expect(await silent('GET')).toMatchObject({ status: 503, json: { code: 'SERVICE_UNAVAILABLE' } });
  });

  it('of which a part is unknown say the key of the whole', async () => {
    const doubtful = await send(stage.gateway.port, {
      method: 'POST',
      path: '/api/v1/doubtful',
      body: JSON.stringify({ refuse: ['UNAVAILABLE', 'OUTCOME_UNKNOWN', 'The payments service is silent'] }),
      headers: { 'idempotency-key': 'whole' },
    });
    expect(doubtful).toMatchObject({ status: 503, json: { code: 'OUTCOME_UNKNOWN' } });
    expect(doubtful.json.error).toContain('Idempotency-Key whole');
  });
});

describe('a body that is much too large', () => {
  it('gets its answer while it is still being sent', async () => {
    const part = 'x'.repeat(256 * 1024);
    const parts = 12;
    const socket = connectTcp(stage.gateway.port, '127.0.0.1');
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
    const ending = await stage.world.gateway();
    const silent = connectTcp(ending.port, '127.0.0.1');
    await once(silent, 'connect');
    const before = stage.world.received.length;
    const inHand = send(ending.port, { path: '/api/v1/silent' });
    await eventually(() => stage.world.received.length > before);
    const stopped = ending.stop();
    expect((await inHand).json.code).toBe('SERVICE_UNAVAILABLE');
    await stopped;
    await expect(send(ending.port, { path: '/api/v1/notes' })).rejects.toThrow(/ECONNREFUSED/);
    silent.destroy();
  });
});

describe('a gateway whose bus is gone', () => {
  it('says 503 at once, is not ready, and works again afterwards', async () => {
    await stage.world.nats.kill('SIGKILL');
    const answer = await eventually(async () => {
      const got = await send(stage.gateway.port, { path: '/api/v1/notes' });
      return got.status === 503 ? got : undefined;
    });
    expect(answer.json).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(answer.headers.get('retry-after')).toBe('1');
    const signed = await send(stage.gateway.port, { path: '/api/v1/notes/me', as: alice });
    expect(signed.status).toBe(503);
    const ready = await fetch(`http://127.0.0.1:${stage.gateway.opsPort}/health/ready`);
    expect(ready.status).toBe(503);
    await stage.world.nats.startAgain();
    await eventually(
      async () => (await send(stage.gateway.port, { path: '/api/v1/notes/me', as: alice })).status === 200,
    );
    expect(stage.world.errorLines()).toEqual([]);
  });
});
