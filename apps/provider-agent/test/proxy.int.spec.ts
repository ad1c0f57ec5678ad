import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { createClient } from '@decent-cloud/client';
import { generateKeyPair } from '@decent-cloud/identity';
import { printExactJson } from '@decent-cloud/kernel';
import { getHealth } from '@decent-cloud/messages/gateway';
import { TestNats } from '@decent-cloud/testing';
import { connectBroker } from '../src/link/connect.ts';
import { useProxyOf } from '../src/link/proxy.ts';
import { trustAlso } from '../src/link/secure-websocket.ts';
import type { Session } from '../src/link/session.ts';
import { cert, key } from './loopback-certificate.ts';

const AUTHORIZATION = `Basic ${Buffer.from('me:h@sh').toString('base64')}`;
/** Of the whole process, in which other specs come after this one. */
const known = getCACertificates('default');
const sockets = new Set<Socket>();
const tunnels: string[] = [];
let nats: TestNats;
let api: Server;
let proxy: Server;
let restore: () => void = () => undefined;

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const listen = (server: Server): Promise<unknown> => once(server.listen(0, '127.0.0.1'), 'listening');

beforeAll(async () => {
  nats = await TestNats.start({
    config: (folder, port, websocketPort) => {
      writeFileSync(join(folder, 'cert.pem'), cert);
      writeFileSync(join(folder, 'key.pem'), key, { mode: 0o600 });
      return (
        `listen: "127.0.0.1:${port}"\nwebsocket { listen: "127.0.0.1:${websocketPort}"\n` +
        `  tls { cert_file: "${folder}/cert.pem", key_file: "${folder}/key.pem" } }\n`
      );
    },
  });
  await trustAlso(join(nats.folder, 'cert.pem'));
  api = createSecureServer({ key, cert }, (_, response) => {
    response
      .setHeader('content-type', 'application/json')
      .end(printExactJson({ success: true, message: 'ok', environment: 'dev' }));
  });
  proxy = createServer();
  proxy.on('connection', (socket) => sockets.add(socket));
  proxy.on('connect', (request, near: Socket) => {
    if (request.headers['proxy-authorization'] !== AUTHORIZATION) {
      near.end('HTTP/1.1 407 Proxy Authentication Required\r\nConnection: close\r\n\r\n');
      return;
    }
    tunnels.push(request.url ?? '');
    const [host = '', port] = (request.url ?? '').split(':');
    const far = connect(Number(port), host, () => near.write('HTTP/1.1 200 OK\r\n\r\n'));
    sockets.add(far);
    for (const socket of [near, far]) socket.on('error', () => undefined);
    near.pipe(far).pipe(near);
  });
  await Promise.all([listen(api), listen(proxy)]);
});
afterEach(() => {
  restore();
  tunnels.length = 0;
});
afterAll(async () => {
  setDefaultCACertificates(known);
  for (const socket of sockets) socket.destroy();
  api.closeAllConnections();
  for (const server of [api, proxy]) await new Promise((resolve) => server.close(resolve));
  await nats.stop();
});

const through = (user: string, exceptions = '') => {
  restore = useProxyOf({ HTTPS_PROXY: `http://${user}@127.0.0.1:${portOf(proxy)}`, NO_PROXY: exceptions });
};
const askApi = () =>
  createClient({ baseUrl: `https://127.0.0.1:${portOf(api)}`, timeoutMs: 5_000, retries: 0 }).call(getHealth);
const openLink = (natsUrls: string[] = []) =>
  connectBroker({
    name: 'spec',
    seedHex: Buffer.from(generateKeyPair().seed).toString('hex'),
    jwt: () => '',
    session: { natsUrls, websocketUrls: [nats.websocketUrl] } as unknown as Session,
    urls: [],
    reconnectAttempts: 0,
    timeoutMs: 5_000,
  });

test('calls of the API and the link to the broker go through the proxy, before plain NATS is tried', async () => {
  through('me:h%40sh');
  await askApi();
  const link = await openLink([nats.url]);
  await link.flush();
  await link.close();
  expect(tunnels).toEqual([`127.0.0.1:${portOf(api)}`, new URL(nats.websocketUrl).host]);
});

test('what NO_PROXY names is reached without it', async () => {
  through('me:h%40sh', 'elsewhere.example,127.0.0.1');
  await askApi();
  await (await openLink()).close();
  expect(tunnels).toEqual([]);
});

test('a proxy that does not let through is the reason that is said, without the password', async () => {
  through('me:hush');
  for (const attempt of [askApi, openLink]) {
    const said = await attempt().then(
      () => 'it went through',
      (error: Error) => `${error.message} ${error.stack}`,
    );
    expect(said).toMatch(/Proxy response \(407\)/);
    expect(said).not.toMatch(/hush/);
  }
  expect(tunnels).toEqual([]);
});
