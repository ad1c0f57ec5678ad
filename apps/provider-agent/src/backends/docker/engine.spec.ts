import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from './engine.ts';

const socketPath = join(tmpdir(), `dc-engine-${randomBytes(6).toString('hex')}.sock`);
let answer: (response: ServerResponse, call: string) => void;
let calls: string[] = [];
let server: Server;
const engine = Engine.at(socketPath);

const json = (response: ServerResponse, status: number, body: unknown) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

beforeAll(async () => {
  server = createServer((request, response) => {
    const call = `${request.method} ${request.url?.split('?')[0]}`;
    calls.push(call);
    answer(response, call);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
});
beforeEach(() => {
  calls = [];
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(socketPath, { force: true });
});

test('a read is repeated until the engine answers, and not for ever', async () => {
  answer = (response) =>
    json(response, calls.length < 3 ? 500 : 200, calls.length < 3 ? { message: 'busy' } : []);
  expect(await engine.list(['dc-agent=true'])).toEqual([]);
  expect(calls).toEqual(Array(3).fill('GET /containers/json'));
  calls = [];
  answer = (response) => json(response, 503, { message: 'down' });
  await expect(engine.container('x')).rejects.toMatchObject({
    status: 503,
    failure: { class: 'transient', code: 'ENGINE_FAULT' },
  });
  expect(calls).toHaveLength(4);
});

test('what changes something is asked for once', async () => {
  answer = (response) => response.destroy();
  await expect(engine.create({ Image: 'x' })).rejects.toMatchObject({
    failure: { class: 'transient', code: 'ENGINE_SILENT' },
  });
  expect(calls).toEqual(['POST /containers/create']);
});

test('a call that is called off ends with its reason and is not repeated', async () => {
  const controller = new AbortController();
  const reason = new Error('called off');
  answer = () => controller.abort(reason);
  await expect(engine.until(controller.signal).container('x')).rejects.toBe(reason);
  await expect(engine.until(controller.signal).container('x')).rejects.toBe(reason);
  expect(calls).toHaveLength(1);
});

test('a start of what runs and a removal of what is gone are no faults', async () => {
  answer = (response) => response.writeHead(304).end();
  await engine.start('x');
  await engine.stop('x', 1);
  answer = (response) => json(response, 404, { message: 'no such container' });
  await engine.remove('x');
  expect(await engine.container('x')).toBeUndefined();
});

test('a pull fails by what its answer says, not by its status', async () => {
  const lines = (text: string) => (response: ServerResponse) =>
    response.writeHead(200).end(`{"status":"pulling"}\n${JSON.stringify({ error: text })}\n`);
  answer = lines('manifest unknown');
  await expect(engine.pull('a/b:1')).rejects.toMatchObject({ status: 404 });
  answer = lines('dial tcp: i/o timeout');
  await expect(engine.pull('a/b:1')).rejects.toMatchObject({ failure: { class: 'transient' } });
  answer = (response) => response.writeHead(200).end('{"status":"done"}\n');
  await engine.pull('a/b:1');
});

test.each([
  [500, 'driver failed: Bind for 0.0.0.0:80 failed: port is already allocated', 'transient', 'PORT_TAKEN'],
  [500, 'write /x: no space left on device', 'capacity', 'DISK_FULL'],
  [400, 'Range of CPUs is from 0.01 to 2.00', 'config', 'TOO_MANY_CPUS'],
  [500, '--storage-opt is supported only for overlay over xfs', 'config', 'DISK_LIMIT_UNSUPPORTED'],
  [404, 'network dc not found', 'config', 'NETWORK_ABSENT'],
  [409, 'Conflict. The container name is in use', 'transient', 'CONFLICT'],
  [403, 'forbidden', 'config', 'ENGINE_REFUSED'],
  [400, 'wrong', 'config', 'BAD_PARAMETER'],
])('%i "%s" is of the class %s', async (status, message, failureClass, code) => {
  answer = (response) => json(response, status, { message });
  await expect(engine.create({ Image: 'x' })).rejects.toMatchObject({
    status,
    failure: { class: failureClass, code },
  });
});
