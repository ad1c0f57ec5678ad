import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { generateKeyPair } from '@decent-cloud/identity';
import { connectBroker } from './connect.ts';
import type { Session } from './session.ts';

/** Of nobody: it secures a server of this spec on 127.0.0.1. */
const key =
  '-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgMRDFgDTo9byUbId2\nj4RoqKAW0tDQFi+cunmhQ0JZ8t6hRANCAAT808CDYCdZDhtWfNsxjupbpyAGJWvm\nLYPnfH3VoZVnrRERZoAudSiiU1HSeud52XHK3A2YhzjHHOPQ9RbmQ0kA\n-----END PRIVATE KEY-----';
const cert =
  '-----BEGIN CERTIFICATE-----\nMIIBmTCCAUCgAwIBAgIUA8hEtmcx9eohbRExP9MmWfjyh6UwCgYIKoZIzj0EAwIw\nGTEXMBUGA1UEAwwOZm9yLXNwZWNzLW9ubHkwIBcNMjYxMjAxMDIwMTIyWhgPMjEy\nNjExMDcwMjAxMjJaMBkxFzAVBgNVBAMMDmZvci1zcGVjcy1vbmx5MFkwEwYHKoZI\nzj0CAQYIKoZIzj0DAQcDQgAE/NPAg2AnWQ4bVnzbMY7qW6cgBiVr5i2D53x91aGV\nZ60REWaALnUoolNR0nrnedlxytwNmIc4xxzj0PUW5kNJAKNkMGIwHQYDVR0OBBYE\nFOb5UaO8tYUFBcRGsUOI/yR6pPx9MB8GA1UdIwQYMBaAFOb5UaO8tYUFBcRGsUOI\n/yR6pPx9MA8GA1UdEwEB/wQFMAMBAf8wDwYDVR0RBAgwBocEfwAAATAKBggqhkjO\nPQQDAgNHADBEAiBo6MtdKEcORZxtpfEIt7Cmygwgx6CLNrcGxGDsf99V1QIgFsU7\n1/xAcBiEc3A968mQdHu/Yt04XeDyPD+4Aon1ask=\n-----END CERTIFICATE-----';

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
