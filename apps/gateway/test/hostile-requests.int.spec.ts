import { randomUUID } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { bytesToHex, type KeyPair, signEd25519ph, signedMessageV1 } from '@decent-cloud/identity';
import { ed25519ph } from '@noble/curves/ed25519.js';
import { withSPlusOrder } from '../src/auth/verifier.ts';
import type { RunningGateway } from '../src/start-gateway.ts';
import { type Answered, keyPair, nowNs, type SendOptions, send, sign, World } from './world.ts';

const S = 1_000_000_000n;
const NOTE = '{"text":"hello"}';

interface Hostile {
  readonly name: string;
  readonly status: number;
  readonly code: string;
  readonly text: string | RegExp;
  /** In legacy mode, where it differs. */
  readonly legacyStatus?: number;
  readonly send: (port: number) => Promise<Answered>;
}

let world: World;
let real: RunningGateway;
let legacy: RunningGateway;
const alice = keyPair();
const laptop = keyPair();
const disabled = keyPair();
const agent = keyPair();
const weakAgent = keyPair();
const nobodysAgent = keyPair();

beforeAll(async () => {
  world = await World.start();
  world.owners.set(alice.publicKeyHex, { status: 'active', accountId: 'a'.repeat(32) });
  world.owners.set(laptop.publicKeyHex, { status: 'active', accountId: 'a'.repeat(32) });
  world.owners.set(disabled.publicKeyHex, { status: 'disabled', accountId: 'a'.repeat(32) });
  world.delegations.set(agent.publicKeyHex, {
    providerPublicKey: alice.publicKeyHex,
    permissions: ['heartbeat'],
  });
  world.delegations.set(weakAgent.publicKeyHex, {
    providerPublicKey: alice.publicKeyHex,
    permissions: ['provision'],
  });
  real = await world.gateway();
  legacy = await world.gateway({ API_ERROR_STATUS: 'legacy' });
});
afterAll(() => world?.stop());

const post = (more: Partial<SendOptions> = {}): SendOptions => ({
  method: 'POST',
  path: '/api/v1/notes',
  body: NOTE,
  as: alice,
  ...more,
});
const me = (more: Partial<SendOptions> = {}): SendOptions => ({
  path: '/api/v1/notes/me',
  as: alice,
  ...more,
});

/** Signs one request and sends another. */
const forged = (signed: SendOptions, sent: Partial<SendOptions>) => async (port: number) => {
  const { as: _as, ...rest } = { ...signed, ...sent };
  return send(port, { ...rest, headers: { ...sign(port, signed), ...sent.headers } });
};
const without = (name: string) => async (port: number) => {
  const headers = sign(port, me());
  delete headers[name];
  return send(port, { path: '/api/v1/notes/me', headers });
};
const withHeader = (name: string, value: string, options: SendOptions = me()) =>
  forged(options, { headers: { [name]: value } });

/** Raw bytes on a socket, for what no HTTP client sends. */
function sendRaw(port: number, text: string): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.setTimeout(5_000, () => socket.destroy(new Error('no answer')));
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      answer += chunk;
      const [head = '', body] = answer.split('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      if (body === undefined || body.length < length) return;
      socket.destroy();
      const headers = new Headers(
        head
          .split('\r\n')
          .slice(1)
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
      );
      resolve({
        status: Number(head.split(' ')[1]),
        headers,
        text: body,
        json: body ? JSON.parse(body) : {},
      });
    });
  });
}
const raw =
  (head: string, body = '') =>
  (port: number) =>
    sendRaw(port, `${head}\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n${body}`);

/** A signature that anybody can make for a key of small order. */
function smallOrderForgery(publicKeyHex: string): (port: number) => Promise<Answered> {
  return (port) => {
    const signature = Buffer.alloc(64);
    signature[0] = 1;
    return send(port, {
      path: '/api/v1/notes/me',
      headers: {
        'x-public-key': publicKeyHex,
        'x-signature': signature.toString('hex'),
        'x-timestamp': nowNs().toString(),
        'x-nonce': randomUUID(),
      },
    });
  };
}

function mixedOrderKey(of: KeyPair): string {
  const { Point } = ed25519ph;
  const orderTwo = Point.fromHex('ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f');
  return Point.fromBytes(of.publicKey).add(orderTwo).toHex();
}

const replayed = (options: SendOptions) => async (port: number) => {
  const headers = sign(port, options);
  const { as: _as, ...rest } = options;
  const first = await send(port, { ...rest, headers });
  expect(first.status).toBe(200);
  return send(port, { ...rest, headers });
};

const signedWith = (change: (message: Uint8Array) => Uint8Array, context?: string) => (port: number) => {
  const timestamp = nowNs().toString();
  const nonce = randomUUID();
  const path = '/api/v1/notes/me';
  const message = signedMessageV1({ timestamp, nonce, method: 'GET', path, body: new Uint8Array() });
  return send(port, {
    path,
    headers: {
      'x-public-key': alice.publicKeyHex,
      'x-signature': bytesToHex(signEd25519ph(alice.seed, change(message), context)),
      'x-timestamp': timestamp,
      'x-nonce': nonce,
    },
  });
};

const MISMATCH = 'Invalid signature: Signature verification failed: signature does not match';
const invalid = { status: 401, code: 'SIGNATURE_INVALID', text: MISMATCH } as const;
const malformed = { status: 400, code: 'SIGNATURE_MALFORMED' } as const;
const missing = { status: 401, code: 'SIGNATURE_MISSING' } as const;
const expired = {
  status: 401,
  code: 'SIGNATURE_EXPIRED',
  text: 'Request timestamp expired (max 5 minutes)',
} as const;
const input = { status: 400, code: 'INVALID_INPUT' } as const;
const unsafe = {
  status: 400,
  code: 'KEY_UNACCEPTABLE',
  text: 'Invalid format: Public key is not a safe Ed25519 point',
} as const;

const hostile: Hostile[] = [
  // headers missing
  {
    name: 'no key',
    ...missing,
    text: 'Missing required header: X-Public-Key',
    send: without('X-Public-Key'),
  },
  {
    name: 'no signature',
    ...missing,
    text: 'Missing required header: X-Signature',
    send: without('X-Signature'),
  },
  {
    name: 'no timestamp',
    ...missing,
    text: 'Missing required header: X-Timestamp',
    send: without('X-Timestamp'),
  },
  { name: 'no nonce', ...missing, text: 'Missing required header: X-Nonce', send: without('X-Nonce') },
  {
    name: 'no key where provider or agent may call',
    ...missing,
    text: 'Missing required header: X-Public-Key or X-Agent-Pubkey',
    send: (port) => send(port, { method: 'PUT', path: '/api/v1/shared', body: '{}' }),
  },
  {
    name: 'a user where only agents may call',
    ...missing,
    text: 'Missing required header: X-Agent-Pubkey',
    send: (port) => send(port, { method: 'POST', path: '/api/v1/agents/beat', body: '{}', as: alice }),
  },
  // headers malformed
  {
    name: 'key of odd length',
    ...malformed,
    text: 'Invalid format: Invalid public key hex encoding: Odd number of digits',
    send: withHeader('X-Public-Key', 'abc'),
  },
  {
    name: 'key that is no hex',
    ...malformed,
    text: /^Invalid format: Invalid public key hex encoding: Invalid character 'g'/,
    send: withHeader('X-Public-Key', 'g'.repeat(64)),
  },
  {
    name: 'key too short',
    ...malformed,
    text: 'Invalid format: Public key must be 32 bytes, got 16',
    send: withHeader('X-Public-Key', 'ab'.repeat(16)),
  },
  {
    name: 'signature that is no hex',
    ...malformed,
    text: /^Invalid format: Invalid signature hex encoding: /,
    send: withHeader('X-Signature', 'zz'.repeat(64)),
  },
  {
    name: 'signature too short',
    ...malformed,
    text: 'Invalid format: Signature must be 64 bytes, got 32',
    send: withHeader('X-Signature', 'ab'.repeat(32)),
  },
  {
    name: 'timestamp that is no number',
    ...malformed,
    text: /^Invalid format: Invalid timestamp: /,
    send: withHeader('X-Timestamp', 'yesterday'),
  },
  {
    name: 'timestamp beyond 64 bits',
    ...malformed,
    text: /^Invalid format: Invalid timestamp: /,
    send: withHeader('X-Timestamp', '9'.repeat(40)),
  },
  {
    name: 'nonce that is no UUID',
    ...malformed,
    text: /^Invalid format: Invalid nonce format \(must be UUID v4\): /,
    send: withHeader('X-Nonce', 'again'),
  },
  {
    name: 'signature version 3',
    ...malformed,
    text: /^Invalid format: Invalid signature version/,
    send: withHeader('X-Signature-Version', '3'),
  },
  // time
  { name: 'a stale stamp', ...expired, send: (port) => send(port, me({ timestampNs: nowNs() - 301n * S })) },
  {
    name: 'a stamp of the future',
    ...expired,
    send: (port) => send(port, me({ timestampNs: nowNs() + 302n * S })),
  },
  {
    name: 'a stale stamp made fresh',
    ...invalid,
    send: forged(me({ timestampNs: nowNs() - 400n * S }), { headers: { 'X-Timestamp': nowNs().toString() } }),
  },
  // keys
  { name: 'the identity as key', ...unsafe, send: smallOrderForgery(`01${'00'.repeat(31)}`) },
  {
    name: 'a key of order 8',
    ...unsafe,
    send: smallOrderForgery('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
  },
  { name: 'a key that is no point', ...unsafe, send: smallOrderForgery(`02${'00'.repeat(31)}`) },
  {
    name: 'a key of mixed order',
    ...unsafe,
    send: (port) => withHeader('X-Public-Key', mixedOrderKey(alice))(port),
  },
  {
    name: 'a key in another encoding',
    ...unsafe,
    send: smallOrderForgery(`ed${'ff'.repeat(30)}7f`),
  },
  // signatures
  {
    name: 'the signature of another key',
    ...invalid,
    send: withHeader('X-Public-Key', laptop.publicKeyHex),
  },
  { name: 'another body', ...invalid, send: forged(post(), { body: '{"text":"hullo"}' }) },
  { name: 'one byte more', ...invalid, send: forged(post(), { body: `${NOTE} ` }) },
  {
    name: 'another method',
    ...invalid,
    send: forged({ method: 'GET', path: '/api/v1/notes', body: NOTE, as: alice }, { method: 'POST' }),
  },
  {
    name: 'another path',
    ...invalid,
    send: forged(me({ path: '/api/v1/notes' }), { path: '/api/v1/notes/me' }),
  },
  {
    name: 'the path in another encoding',
    ...invalid,
    send: forged(me(), { path: '/api/v1/notes/%6De' }),
  },
  {
    name: 'the path with its query signed',
    ...invalid,
    send: signedWith((message) => Buffer.concat([message, Buffer.from('?x=1')])),
  },
  { name: 'another context', ...invalid, send: signedWith((message) => message, 'other') },
  { name: 'no context', ...invalid, send: signedWith((message) => message, '') },
  { name: 'another nonce', ...invalid, send: withHeader('X-Nonce', randomUUID()) },
  {
    name: 'S + L in place of S',
    ...invalid,
    send: (port) => {
      const headers = sign(port, me());
      const twin = withSPlusOrder(Buffer.from(headers['X-Signature'] ?? '', 'hex')).toString('hex');
      return send(port, { path: '/api/v1/notes/me', headers: { ...headers, 'X-Signature': twin } });
    },
  },
  {
    name: 'all zeros as signature',
    ...invalid,
    send: withHeader('X-Signature', '00'.repeat(64)),
  },
  // version 2
  {
    name: 'version 2 with another query',
    ...invalid,
    send: forged(me({ path: '/api/v1/notes/me?q=1', version: 2 }), { path: '/api/v1/notes/me?q=2' }),
  },
  {
    name: 'version 2 without its query',
    ...invalid,
    send: forged(me({ path: '/api/v1/notes/me?q=1', version: 2 }), { path: '/api/v1/notes/me' }),
  },
  {
    name: 'version 2 for another platform',
    ...invalid,
    text: 'Invalid signature: Signature verification failed: the host is not one of this platform',
    send: forged(me({ version: 2, host: 'evil.example' }), { headers: { host: 'evil.example' } }),
  },
  {
    name: 'version 2 for another port',
    ...invalid,
    send: forged(me({ version: 2, host: '127.0.0.1:1' }), {}),
  },
  {
    name: 'version 2 sent as version 1',
    ...invalid,
    send: forged(me({ version: 2 }), { headers: { 'X-Signature-Version': '1' } }),
  },
  { name: 'version 1 sent as version 2', ...invalid, send: withHeader('X-Signature-Version', '2') },
  // replays
  {
    name: 'a replay',
    status: 401,
    code: 'SIGNATURE_REPLAYED',
    text: 'Nonce already used (replay attack)',
    send: replayed(me()),
  },
  {
    name: 'a replay with the nonce in another form',
    ...invalid,
    send: async (port) => {
      const headers = sign(port, me());
      await send(port, { path: '/api/v1/notes/me', headers });
      return send(port, {
        path: '/api/v1/notes/me',
        headers: { ...headers, 'X-Nonce': headers['X-Nonce']?.replaceAll('-', '') ?? '' },
      });
    },
  },
  {
    name: 'a nonce signed again in another form',
    status: 401,
    code: 'SIGNATURE_REPLAYED',
    text: 'Nonce already used (replay attack)',
    send: async (port) => {
      const nonce = randomUUID();
      expect((await send(port, me({ nonce }))).status).toBe(200);
      return send(port, me({ nonce: nonce.replaceAll('-', '').toUpperCase() }));
    },
  },
  // who
  {
    name: 'a disabled key',
    status: 401,
    code: 'KEY_DISABLED',
    text: 'Authenticated key not found or not active',
    send: (port) => send(port, me({ as: disabled })),
  },
  {
    name: 'a disabled key where signing is optional',
    status: 401,
    code: 'KEY_DISABLED',
    text: 'Authenticated key not found or not active',
    send: (port) => send(port, { path: '/api/v1/notes/x', as: disabled }),
  },
  {
    name: 'somebody else’s things',
    status: 403,
    code: 'NOT_OWNER',
    text: /^Unauthorized: request pubkey [0-9a-f]{64} does not match authenticated user [0-9a-f]{64}$/,
    send: (port) => send(port, { path: `/api/v1/users/${agent.publicKeyHex}/notes`, as: alice }),
  },
  {
    name: 'a pubkey in the path that is no hex',
    ...input,
    text: /^Invalid pubkey hex: Invalid character 'x' at position 0 \(value: xx/,
    send: (port) => send(port, { path: `/api/v1/users/${'x'.repeat(64)}/notes`, as: alice }),
  },
  {
    name: 'a pubkey in the path that is too short',
    ...input,
    text: 'Public key must be 32 bytes, got 1 bytes (value: ab)',
    send: (port) => send(port, { path: '/api/v1/users/ab/notes', as: alice }),
  },
  {
    name: 'an agent without delegation',
    status: 401,
    code: 'DELEGATION_MISSING',
    text: /^Invalid signature: No active delegation found for agent key '[0-9a-f]{64}'$/,
    send: (port) =>
      send(port, { method: 'POST', path: '/api/v1/agents/beat', body: '{}', as: nobodysAgent, agent: true }),
  },
  {
    name: 'an agent without the permission',
    status: 403,
    code: 'PERMISSION_MISSING',
    text: "Agent does not have 'heartbeat' permission",
    send: (port) =>
      send(port, { method: 'POST', path: '/api/v1/agents/beat', body: '{}', as: weakAgent, agent: true }),
  },
  {
    name: 'an agent where users call',
    ...missing,
    text: 'Missing required header: X-Public-Key',
    send: (port) => send(port, me({ as: agent, agent: true })),
  },
  {
    name: 'an admin endpoint without account',
    status: 403,
    code: 'NOT_OWNER',
    text: /^Admin access denied\. Public key '[0-9a-f]{64}' is not associated with any account$/,
    send: (port) => send(port, { path: '/api/v1/admin/notes', as: nobodysAgent }),
  },
  {
    name: 'an admin endpoint without being admin',
    status: 403,
    code: 'NOT_OWNER',
    text: "Admin access denied. Account 'bob' does not have admin privileges",
    send: (port) => send(port, { path: '/api/v1/admin/notes', as: alice }),
  },
  // bodies
  {
    name: 'malformed JSON',
    ...input,
    text: /^parse request payload error: /,
    send: (port) => send(port, post({ body: '{"text":' })),
  },
  {
    name: 'bytes that are no UTF-8',
    ...input,
    text: 'parse request payload error: invalid UTF-8',
    send: (port) => send(port, post({ body: Buffer.from([0x22, 0xff, 0x22]) })),
  },
  {
    name: 'JSON nested too deeply',
    ...input,
    text: 'parse request payload error: nested too deeply',
    send: (port) => send(port, post({ body: '['.repeat(400_000) })),
  },
  {
    name: 'JSON nested 20,000 deep that ends well, with a long integer inside',
    ...input,
    text: 'parse request payload error: nested too deeply',
    send: (port) => {
      const [open, close] = ['{"text":'.repeat(20_000), '}'.repeat(20_000)];
      return send(port, post({ body: `${open}12345678901234567890${close}` }));
    },
  },
  {
    name: 'a number that is not finite',
    ...input,
    text: 'parse request payload error: the number 1e400 is too large',
    send: (port) => send(port, post({ body: '{"text":"a","amount":1e400}' })),
  },
  {
    name: 'an integer of half a million digits',
    ...input,
    text: 'parse request payload error: a number has more than 400 characters',
    send: (port) => send(port, post({ body: `{"text":"a","amount":${'7'.repeat(500_000)}}` })),
  },
  {
    name: 'an integer of 21 digits',
    ...input,
    text: 'parse request payload error: an integer has more than 20 digits',
    send: (port) => send(port, post({ body: `{"text":"a","amount":${'7'.repeat(21)}}` })),
  },
  {
    name: 'U+0000 in the body',
    ...input,
    text: /U\+0000/,
    send: (port) => send(port, post({ body: '{"text":"a\\u0000b"}' })),
  },
  {
    name: 'another content type',
    status: 415,
    code: 'UNSUPPORTED_CONTENT_TYPE',
    text: 'the `Content-Type` requested by the client is not supported: text/xml',
    send: (port) => send(port, post({ headers: { 'content-type': 'text/xml' } })),
  },
  {
    name: 'no content type',
    status: 415,
    code: 'UNSUPPORTED_CONTENT_TYPE',
    text: 'the client request does not include the `Content-Type` header',
    send: (port) => send(port, post({ headers: { 'content-type': '' } })),
  },
  {
    name: 'another charset',
    status: 415,
    code: 'UNSUPPORTED_CONTENT_TYPE',
    text: /not supported/,
    send: (port) => send(port, post({ headers: { 'content-type': 'application/json; charset=utf-16' } })),
  },
  {
    name: 'a body over the limit',
    status: 413,
    code: 'BODY_TOO_LARGE',
    text: 'the request body is too large',
    send: (port) =>
      raw(`POST /api/v1/notes HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 1048577`)(port),
  },
  {
    name: 'a body over the limit of its endpoint',
    status: 413,
    code: 'BODY_TOO_LARGE',
    text: 'the request body is too large',
    send: (port) =>
      send(port, {
        method: 'POST',
        path: '/api/v1/import',
        body: 'x'.repeat(2_049),
        headers: { 'content-type': 'text/csv' },
      }),
  },
  {
    name: 'a body over the limit in chunks',
    status: 413,
    code: 'BODY_TOO_LARGE',
    text: 'the request body is too large',
    send: (port) =>
      raw(
        'POST /api/v1/import HTTP/1.1\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked',
        `1000\r\n${'x'.repeat(4096)}\r\n0\r\n\r\n`,
      )(port),
  },
  {
    name: 'GET with a body',
    ...input,
    text: 'a GET request must not have a body',
    send: (port) => send(port, { path: '/api/v1/notes', body: '{}' }),
  },
  // routes and headers
  {
    name: 'an unknown path',
    status: 404,
    code: 'UNKNOWN_ENDPOINT',
    text: 'not found',
    send: (port) => send(port, { path: '/api/v1/nothing' }),
  },
  {
    name: 'a known path with a slash too many',
    status: 404,
    code: 'UNKNOWN_ENDPOINT',
    text: 'not found',
    send: (port) => send(port, { path: '/api/v1/notes.csv/' }),
  },
  ...[
    '/api/v1/notes/',
    '/api/v1/notes/?q=1',
    '/api/v1//notes',
    '//api/v1/notes',
    '/api/v1/notes//',
    '/api/v1/notes/me/',
    '/api/v1/users//notes',
  ].map((path) => ({
    name: `a path with nothing between or after its slashes: ${path}`,
    status: 404,
    code: 'UNKNOWN_ENDPOINT',
    text: 'not found',
    send: (port: number) => send(port, { path }),
  })),
  {
    name: 'a path outside the API',
    status: 404,
    code: 'UNKNOWN_ENDPOINT',
    text: 'not found',
    send: (port) => send(port, { path: '/..%2f..%2fetc/passwd' }),
  },
  {
    name: 'another verb',
    status: 405,
    code: 'UNKNOWN_ENDPOINT',
    text: 'method not allowed',
    send: (port) => send(port, { method: 'PUT', path: '/api/v1/notes' }),
  },
  {
    name: 'bad percent-encoding in the path',
    ...input,
    text: /percent-encoding/,
    send: (port) => send(port, { path: '/api/v1/notes/%zz' }),
  },
  {
    name: 'half a character in the path',
    ...input,
    text: /percent-encoding/,
    send: (port) => send(port, { path: '/api/v1/notes/%c3%28' }),
  },
  {
    name: 'U+0000 in the path',
    ...input,
    text: /U\+0000/,
    send: (port) => send(port, { path: '/api/v1/notes/a%00b' }),
  },
  {
    name: 'U+0000 in the query',
    ...input,
    text: /U\+0000/,
    send: (port) => send(port, { path: '/api/v1/notes?q=%00' }),
  },
  {
    name: 'a parameter that is too long',
    status: 414,
    code: 'INVALID_INPUT',
    text: 'the path is too long',
    send: (port) => send(port, { path: `/api/v1/notes/${'n'.repeat(600)}` }),
  },
  {
    name: 'a URL that is too long',
    status: 414,
    code: 'INVALID_INPUT',
    text: /the URL is longer/,
    send: (port) => send(port, { path: `/api/v1/notes?q=${'n'.repeat(9_000)}` }),
  },
  {
    name: 'headers that are too large',
    status: 431,
    code: 'INVALID_INPUT',
    text: 'the headers are too large',
    send: (port) => raw(`GET /api/v1/notes HTTP/1.1\r\nX-Long: ${'n'.repeat(20_000)}`)(port),
  },
  {
    name: 'no HTTP at all',
    ...input,
    text: 'this is no HTTP request',
    send: (port) => sendRaw(port, 'HELO there\r\n\r\n'),
  },
  {
    name: 'a header twice',
    ...input,
    text: 'the header x-nonce is there more than once',
    send: (port) =>
      raw(`GET /api/v1/notes HTTP/1.1\r\nX-Nonce: ${randomUUID()}\r\nx-nonce: ${randomUUID()}`)(port),
  },
  {
    name: 'two hosts',
    ...input,
    text: /host is there more than once|no HTTP request/,
    send: (port) => raw('GET /api/v1/notes HTTP/1.1\r\nHost: evil.example')(port),
  },
  {
    name: 'two lengths',
    ...input,
    text: /no HTTP request|more than once/,
    send: (port) => raw('POST /api/v1/notes HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3', '{}')(port),
  },
  {
    name: 'a length and chunks',
    ...input,
    text: /no HTTP request/,
    send: (port) =>
      raw(
        'POST /api/v1/notes HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked',
        '0\r\n\r\n',
      )(port),
  },
  {
    name: 'an idempotency key with a space',
    ...input,
    text: /^Idempotency-Key must be/,
    send: (port) => send(port, post({ headers: { 'idempotency-key': 'a b' } })),
  },
  {
    name: 'a page of another origin',
    status: 403,
    code: 'ORIGIN_NOT_ALLOWED',
    text: 'request-origin not allowed',
    send: (port) => send(port, { path: '/api/v1/notes', headers: { origin: 'https://evil.example' } }),
  },
  {
    name: 'a preflight for another header',
    status: 403,
    code: 'ORIGIN_NOT_ALLOWED',
    text: 'request-headers not allowed',
    send: (port) =>
      send(port, {
        method: 'OPTIONS',
        path: '/api/v1/notes',
        headers: {
          origin: 'http://localhost:5173',
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'x-evil',
        },
      }),
  },
  // services
  {
    name: 'a service that is down',
    status: 503,
    code: 'SERVICE_UNAVAILABLE',
    text: 'The payments service does not answer',
    send: (port) => send(port, { path: '/api/v1/gone' }),
  },
  {
    name: 'a service that keeps silent',
    status: 503,
    code: 'SERVICE_UNAVAILABLE',
    text: 'The contracts service does not answer',
    send: (port) => send(port, { path: '/api/v1/silent' }),
  },
  ...(
    [
      ['INVALID', 'INVALID_INPUT', 400],
      ['FORBIDDEN', 'NOT_OWNER', 403],
      ['NOT_FOUND', 'CONTRACT_NOT_FOUND', 404],
      ['CONFLICT', 'USERNAME_TAKEN', 409],
      ['PRECONDITION', 'TRANSITION_NOT_ALLOWED', 409],
      ['PAYMENT_REQUIRED', 'INSUFFICIENT_BALANCE', 422],
      ['UNPROCESSABLE', 'DURATION_OUT_OF_RANGE', 422],
      ['LIMIT', 'KEY_LIMIT', 429],
    ] as const
  ).map(
    ([code, reason, status]): Hostile => ({
      name: `${code} of a service`,
      status,
      legacyStatus: 200,
      code: reason,
      text: 'no, because',
      send: (port) => send(port, post({ body: JSON.stringify({ refuse: [code, reason, 'no, because'] }) })),
    }),
  ),
  ...(
    [
      ['UNAUTHENTICATED', 'SIGNATURE_MISSING', 401],
      ['UNAVAILABLE', 'SERVICE_UNAVAILABLE', 503],
    ] as const
  ).map(
    ([code, reason, status]): Hostile => ({
      name: `${code} of a service`,
      status,
      code: reason,
      text: 'no, because',
      send: (port) => send(port, post({ body: JSON.stringify({ refuse: [code, reason, 'no, because'] }) })),
    }),
  ),
];

describe('hostile requests', () => {
  const check = async (one: Hostile, gateway: RunningGateway, status: number): Promise<void> => {
    const answer = await one.send(gateway.port);
    expect({ status: answer.status, code: answer.json.code }).toEqual({ status, code: one.code });
    if (typeof one.text === 'string') expect(answer.json.error).toBe(one.text);
    else expect(answer.json.error).toMatch(one.text);
    expect(answer.json.success).toBe(false);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.json.requestId).toBe(answer.headers.get('x-request-id'));
  };

  it.each(hostile.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
    await check(one, real, one.status);
  });

  it.each(hostile.map((one) => [one.name, one] as const))('legacy: %s', async (_name, one) => {
    await check(one, legacy, one.legacyStatus ?? one.status);
  });

  it('are no errors of ours', () => {
    expect(hostile.length).toBeGreaterThan(70);
    expect(world.errorLines()).toEqual([]);
  });

  it('never let a service see what was refused before', () => {
    expect(world.received.filter(({ body }) => JSON.stringify(body)?.includes('hullo'))).toEqual([]);
  });

  it('are 500 with a fixed text when it is our fault, and are logged', async () => {
    const answer = await send(real.port, { path: '/api/v1/broken' });
    expect({ status: answer.status, ...answer.json }).toMatchObject({
      status: 500,
      code: 'INTERNAL',
      error: 'Internal error',
    });
    expect(world.errorLines().some((line) => line.includes('req.contracts.v1.broken failed'))).toBe(true);
  });
});
