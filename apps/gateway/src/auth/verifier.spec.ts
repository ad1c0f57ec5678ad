import { createRequire } from 'node:module';
import { signEd25519ph, signedMessageV1 } from '@decent-cloud/identity';
import { ed25519, ed25519ph } from '@noble/curves/ed25519.js';
import type sodium from 'sodium-native';
import { signedBytes } from './signed-request.ts';
import {
  assertStrict,
  chooseVerifier,
  nativeVerifier,
  portableVerifier,
  type Verifier,
  withSPlusOrder,
} from './verifier.ts';

const native = nativeVerifier(createRequire(import.meta.url)('sodium-native') as typeof sodium);
const both = [native, portableVerifier];
const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

const P = '03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8';
const SEED = bytes('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
const OTHER = '787c1dd43f859acc70ada46e7ca35a2cf75e2ca265a7a1e6db9b3e34de7507cb';
const STAMP_A = ['1700000000000000000', '550e8400-e29b-41d4-a716-446655440000'] as const;
const STAMP_V = ['1763841226767000000', '613a7ce4-e8b7-45d2-9b6d-04f6208f6093'] as const;

/** Signatures that shipped clients make: key, stamp and nonce, method, path, body, signature. */
const vectors: readonly (readonly [
  name: string,
  key: string,
  stamp: readonly [string, string],
  method: string,
  path: string,
  body: string,
  signature: string,
])[] = [
  [
    'captured from a browser',
    '4f16b64a096a48252fc4d9a11393778d84e95fcf6868b72b9d2b344d4b103386',
    STAMP_V,
    'GET',
    '/api/v1/provider/rental-requests/pending',
    '',
    'e6cd8399dffffbf4971415fcb3e27600b1377b20d3fcfee6ac6a16cf47129ce63ebb38b7a8f9e73e231a1af1aa48261a34218461d533087a50ae927ebc88ce09',
  ],
  [
    'without body',
    P,
    STAMP_A,
    'GET',
    '/api/v1/accounts/billing',
    '',
    'c06685d8c2de491736fae5bb5dc79ab83f5604e82abbc641e9c7d643a7d5c5cfda61c3c36590665db2ba9cbbe0e99fd464325050d9a4484d67ac6abdf2a0400d',
  ],
  [
    'registration',
    P,
    ['1700000000123456789', '6ba7b810-9dad-41d1-80b4-00c04fd430c8'],
    'POST',
    '/api/v1/accounts',
    `{"username":"alice","publicKey":"${P}","email":"alice@example.com"}`,
    '5a6122a0512d6d0e9c8656313aebf7d2e1c7135f4383b627c206b4e142c9a07927c2b4858cfcee387d6f2cd31c7781aef10c4f71617b7289fd315698b2d21106',
  ],
  [
    'DELETE with body',
    OTHER,
    STAMP_V,
    'DELETE',
    '/api/v1/accounts/me',
    '{"confirm":"DELETE"}',
    '6ab0003196d4184f476937a05740e348732e15601ec665983b94004fe7bfb24ffe4d22861551df725f7d500a6fb9da9dc992f51fa7a79cfd17af4eb98caf7c09',
  ],
  [
    'text beyond ASCII',
    P,
    STAMP_A,
    'PUT',
    '/api/v1/accounts/alice.smith/profile',
    '{"displayName":"Zoë ☁","bio":null}',
    'd2342e96abaf02613d39392984fc78da18154543a17e7ac0cf5927ffe7850cef68204e49310da37221bb485c229244c78c84327696d1ec24a4b73462ba5e7509',
  ],
  [
    'event stream',
    P,
    ['1763841226767000000', '0b8f1d5e-7c35-4a53-9f0e-2d3d7f4a9c11'],
    'GET',
    `/api/v1/users/${P}/contract-events`,
    '',
    'fe69bcf6e4d452c2763135b2aec6d1b2671a8deada88bde710f86e1d860f362e3566b7c798548f8a12b4a97d910698d5851ffc83d68a6f2f68a28dc55e3e280a',
  ],
];

describe.each(both.map((verifier) => [verifier.name, verifier] as const))(
  'the %s verifier',
  (_name, verifier) => {
    it.each(vectors)(
      'accepts what shipped clients sign: %s',
      (_what, key, stamp, method, path, body, signature) => {
        const [timestamp, nonce] = stamp;
        const request = { method, path, query: '', host: undefined, headers: {}, body: Buffer.from(body) };
        const message = signedBytes(request, { timestamp, nonce, version: 1 });
        expect(verifier.isAcceptableKey(bytes(key))).toBe(true);
        expect(verifier.verify(bytes(key), bytes(signature), message)).toBe(true);
        // One changed byte, the query in the path: no.
        const changed = Buffer.from(message);
        changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
        expect(verifier.verify(bytes(key), bytes(signature), changed)).toBe(false);
        const withQuery = signedBytes({ ...request, path: `${path}?x=1` }, { timestamp, nonce, version: 1 });
        expect(verifier.verify(bytes(key), bytes(signature), withQuery)).toBe(false);
      },
    );

    it('takes the signed bytes for what the clients’ library takes them', () => {
      const [timestamp, nonce] = STAMP_A;
      const body = Buffer.from('{"a":1}');
      const parts = { method: 'POST', path: '/api/v1/x', body };
      const mine = signedBytes(
        { ...parts, query: '', host: undefined, headers: {} },
        { timestamp, nonce, version: 1 },
      );
      expect(Buffer.from(mine)).toEqual(Buffer.from(signedMessageV1({ ...parts, timestamp, nonce })));
    });

    it('refuses other kinds of signature', () => {
      const message = Buffer.from('message');
      const pure = ed25519.sign(message, SEED);
      const withoutContext = ed25519ph.sign(message, SEED);
      const elsewhere = signEd25519ph(SEED, message, 'elsewhere');
      const right = signEd25519ph(SEED, message);
      expect(verifier.verify(bytes(P), right, message)).toBe(true);
      for (const wrong of [pure, withoutContext, elsewhere, withSPlusOrder(right)]) {
        expect(verifier.verify(bytes(P), wrong, message)).toBe(false);
      }
    });

    it('refuses every key of small or mixed order and every other encoding', () => {
      const { Point } = ed25519ph;
      const eighth = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');
      const good = Point.fromHex(P);
      for (let times = 0n; times < 8n; times++) {
        const torsion = times === 0n ? Point.ZERO : eighth.multiplyUnsafe(times);
        expect(verifier.isAcceptableKey(torsion.toBytes())).toBe(false);
        if (times > 0n) expect(verifier.isAcceptableKey(good.add(torsion).toBytes())).toBe(false);
      }
      for (const encoding of [
        `ee${'ff'.repeat(30)}7f`,
        `ed${'ff'.repeat(30)}7f`,
        'ff'.repeat(32),
        `01${'00'.repeat(30)}80`,
      ]) {
        expect(verifier.isAcceptableKey(bytes(encoding))).toBe(false);
      }
      expect(verifier.isAcceptableKey(bytes(P).subarray(1))).toBe(false);
    });

    it('passes its self-test', () => {
      expect(() => assertStrict(verifier)).not.toThrow();
    });
  },
);

describe('the self-test', () => {
  const lenient = (change: Partial<Verifier>): Verifier => ({ ...native, ...change });

  it.each([
    ['accepts everything', lenient({ verify: () => true })],
    ['accepts nothing', lenient({ verify: () => false })],
    ['accepts every key', lenient({ isAcceptableKey: () => true })],
    [
      'does not look at S',
      lenient({
        verify: (key, signature, message) =>
          native.verify(key, signature, message) ||
          withSPlusOrder(signEd25519ph(SEED, message)).equals(Buffer.from(signature)),
      }),
    ],
  ])('fails a verifier that %s', (_what, verifier) => {
    expect(() => assertStrict(verifier)).toThrow(/fails its self-test/);
  });

  it('chooses the native verifier here', () => {
    const reasons: unknown[] = [];
    expect(chooseVerifier((why) => reasons.push(why)).name).toBe('native');
    expect(reasons).toEqual([]);
  });
});
