import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Child } from './child.mjs';
import { StackChildren } from './children.mjs';
import type { StackRun } from './run.mjs';

const children = new StackChildren({
  logFolder: '/logs',
  stopping: false,
  say: () => undefined,
} as unknown as StackRun);

/** Dies soon after the program at its port has been asked. */
async function waitFor(pidOfChild: number, body: string): Promise<void> {
  const child = { name: 'contracts', pid: pidOfChild, deaths: 0, lastLines: ['EADDRINUSE'] };
  const server = createServer((_request, response) => {
    child.deaths = 4;
    response.end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await children.waitReady(child as unknown as Child, (server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('a part is ready when it says so itself', async () => {
  await expect(waitFor(77, JSON.stringify({ ready: true, pid: 77 }))).resolves.toBeUndefined();
});

test.each([
  ['another platform', JSON.stringify({ ready: true, pid: 78 })],
  ['another program', 'welcome'],
  ['something older', JSON.stringify({ ready: true })],
])('it does not count when %s answers at its port', async (_what, body) => {
  await expect(waitFor(77, body)).rejects.toThrow(/contracts is not ready .* it died 4 times.*EADDRINUSE/s);
});
