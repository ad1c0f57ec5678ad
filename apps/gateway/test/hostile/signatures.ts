import { randomUUID } from 'node:crypto';
import { bytesToHex, type KeyPair, signEd25519ph, signedMessageV1 } from '@decent-cloud/identity';
import { ed25519ph } from '@noble/curves/ed25519.js';
import { withSPlusOrder } from '../../src/auth/verifier.ts';
import { type Answered, nowNs, type SendOptions, send, sign } from '../send.ts';
import {
  alice,
  forged,
  type Hostile,
  invalid,
  laptop,
  me,
  NOTE,
  post,
  unsafe,
  withHeader,
} from './hostile.ts';

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

/** Signatures and keys that prove nothing, and requests that are sent again. */
export const badSignatures: Hostile[] = [
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
];
