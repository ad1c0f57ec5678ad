import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createServer,
  getCACertificates,
  type Server,
  setDefaultCACertificates,
  type TLSSocket,
} from 'node:tls';
import { generateKeyPair } from '@decent-cloud/identity';
import { cert, key } from '../../test/loopback-certificate.ts';
import { connectBroker } from './connect.ts';
import type { Session } from './session.ts';

/** Of the whole process, in which other specs come after this one. */
const known = getCACertificates('default');
let folder: string;
let server: Server;
let secured = 0;
const sockets = new Set<TLSSocket>();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dc-wss-'));
  await writeFile(join(folder, 'ca.pem'), cert);
  server = createServer({ key, cert }, (socket) => {
    secured++;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  setDefaultCACertificates(known);
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

test('a certificate that nobody knows is named as the reason; with tls_ca the server is trusted', async () => {
  const { port } = server.address() as AddressInfo;
  const connecting = (caFile?: string) =>
    connectBroker({
      name: 'spec',
      seedHex: Buffer.from(generateKeyPair().seed).toString('hex'),
      jwt: () => '',
      session: { natsUrls: [], websocketUrls: [] } as unknown as Session,
      urls: [`wss://127.0.0.1:${port}`],
      caFile,
      reconnectAttempts: 0,
      timeoutMs: 5_000,
    });
  await expect(connecting()).rejects.toThrow(/self-signed certificate/);
  expect(secured).toBe(0);
  await expect(connecting(join(folder, 'ca.pem'))).rejects.toThrow(/no broker can be reached/);
  expect(secured).toBeGreaterThan(0);
});
