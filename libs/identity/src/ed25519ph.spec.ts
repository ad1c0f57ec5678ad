import { ed25519, ed25519ph } from '@noble/curves/ed25519.js';
import fc from 'fast-check';
import { bytesToHex, hexToBytes, utf8 } from './bytes.ts';
import { checkPublicKey } from './check-public-key.ts';
import { signEd25519ph, verifyEd25519ph } from './ed25519ph.ts';
import { keyPairFromSeed, seedFromEntropy } from './key-pair.ts';

const K = keyPairFromSeed('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
const P = '03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8';
const C = keyPairFromSeed(seedFromEntropy(new Uint8Array(32).fill(0x2a)));
const ORDER = ed25519.Point.Fn.ORDER;

const VECTORS: readonly [name: string, key: typeof K, message: string, signature: string][] = [
  [
    'V0',
    K,
    'test message for cross-platform verification',
    'a2aca8ef6760241fc2b254447b9320f03fffaaa11f60365b33455b5d664abc0172627ce2258cdbde7e2eddbe20bda46e008f8041ffb61515e7f4e5a8fdab3f0f',
  ],
  [
    'A, an empty body',
    K,
    '1700000000000000000550e8400-e29b-41d4-a716-446655440000GET/api/v1/accounts/billing',
    'c06685d8c2de491736fae5bb5dc79ab83f5604e82abbc641e9c7d643a7d5c5cfda61c3c36590665db2ba9cbbe0e99fd464325050d9a4484d67ac6abdf2a0400d',
  ],
  [
    'B, a registration',
    K,
    `1700000000123456789${'6ba7b810-9dad-41d1-80b4-00c04fd430c8'}POST/api/v1/accounts{"username":"alice","publicKey":"${P}","email":"alice@example.com"}`,
    '5a6122a0512d6d0e9c8656313aebf7d2e1c7135f4383b627c206b4e142c9a07927c2b4858cfcee387d6f2cd31c7781aef10c4f71617b7289fd315698b2d21106',
  ],
  [
    'C, a body on DELETE',
    C,
    '1763841226767000000613a7ce4-e8b7-45d2-9b6d-04f6208f6093DELETE/api/v1/accounts/me{"confirm":"DELETE"}',
    '6ab0003196d4184f476937a05740e348732e15601ec665983b94004fe7bfb24ffe4d22861551df725f7d500a6fb9da9dc992f51fa7a79cfd17af4eb98caf7c09',
  ],
  [
    'D, a body in UTF-8',
    K,
    '1700000000000000000550e8400-e29b-41d4-a716-446655440000PUT/api/v1/accounts/alice.smith/profile{"displayName":"Zoë ☁","bio":null}',
    'd2342e96abaf02613d39392984fc78da18154543a17e7ac0cf5927ffe7850cef68204e49310da37221bb485c229244c78c84327696d1ec24a4b73462ba5e7509',
  ],
  [
    'E, live events',
    K,
    `17638412267670000000b8f1d5e-7c35-4a53-9f0e-2d3d7f4a9c11GET/api/v1/users/${P}/contract-events`,
    'fe69bcf6e4d452c2763135b2aec6d1b2671a8deada88bde710f86e1d860f362e3566b7c798548f8a12b4a97d910698d5851ffc83d68a6f2f68a28dc55e3e280a',
  ],
  [
    'an agent registering its gateway',
    K,
    '1700000000000000000123e4567-e89b-42d3-a456-426614174000POST/api/v1/agents/gateway/register{"dcId":"dc-lk"}',
    '567e533b15b51619e9e6ad94d96a1dbe1567c663fa3d2377a19b06b3a85c57a9512c8d1e8cd6fcc365578062bac5534aa39cbaf460d561e704c9a2619f05af0c',
  ],
];

const numberLe = (bytes: Uint8Array): bigint => BigInt(`0x${bytesToHex(Uint8Array.from(bytes).reverse())}`);
const bytesLe = (number: bigint): Uint8Array =>
  hexToBytes(number.toString(16).padStart(64, '0')).slice().reverse();

describe('Ed25519ph under our context', () => {
  it.each(VECTORS)('signs and verifies vector %s', (_name, key, message, signature) => {
    expect(bytesToHex(signEd25519ph(key.seed, utf8(message)))).toBe(signature);
    expect(verifyEd25519ph(key.publicKey, signature, utf8(message))).toBe(true);
  });

  it('verifies what a browser signed', () => {
    const signature =
      'e6cd8399dffffbf4971415fcb3e27600b1377b20d3fcfee6ac6a16cf47129ce63ebb38b7a8f9e73e231a1af1aa48261a34218461d533087a50ae927ebc88ce09';
    const message =
      '1763841226767000000613a7ce4-e8b7-45d2-9b6d-04f6208f6093GET/api/v1/provider/rental-requests/pending';
    const key = '4f16b64a096a48252fc4d9a11393778d84e95fcf6868b72b9d2b344d4b103386';
    expect(verifyEd25519ph(key, signature, utf8(message))).toBe(true);
  });

  it('reproduces RFC 8032 §7.3, which has no context', () => {
    const seed = hexToBytes('833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42');
    const key = keyPairFromSeed(seed);
    expect(key.publicKeyHex).toBe('ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf');
    const signature =
      '98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406';
    expect(bytesToHex(signEd25519ph(seed, utf8('abc'), ''))).toBe(signature);
    expect(verifyEd25519ph(key.publicKey, signature, utf8('abc'), '')).toBe(true);
    expect(verifyEd25519ph(key.publicKey, signature, utf8('abc'))).toBe(false);
  });

  it('refuses vector A with a query, a changed byte, as plain Ed25519 and without context', () => {
    const [, , message, signature] = VECTORS[1]!;
    expect(verifyEd25519ph(K.publicKey, signature, utf8(`${message}?x=1`))).toBe(false);
    expect(verifyEd25519ph(K.publicKey, signature, utf8(message.replace('GET', 'PET')))).toBe(false);
    expect(verifyEd25519ph(K.publicKey, signature, utf8(message), '')).toBe(false);
    expect(ed25519.verify(hexToBytes(signature), utf8(message), K.publicKey)).toBe(false);
    expect(verifyEd25519ph(K.publicKey, ed25519.sign(utf8(message), K.seed), utf8(message))).toBe(false);
  });

  it('refuses S + L, the same signature in another spelling', () => {
    const signature = signEd25519ph(K.seed, utf8('m'));
    const s = numberLe(signature.subarray(32)) + ORDER;
    const malleable = Uint8Array.from([...signature.subarray(0, 32), ...bytesLe(s)]);
    expect(verifyEd25519ph(K.publicKey, signature, utf8('m'))).toBe(true);
    expect(verifyEd25519ph(K.publicKey, malleable, utf8('m'))).toBe(false);
  });

  it('refuses what verifies for any message under the identity key', () => {
    const identity = bytesLe(1n);
    const forged = Uint8Array.from([...identity, ...new Uint8Array(32)]);
    const context = utf8('decent-cloud');
    expect(ed25519ph.verify(forged, utf8('any'), identity, { context, zip215: true })).toBe(true);
    expect(verifyEd25519ph(identity, forged, utf8('any'))).toBe(false);
  });

  it('needs the equation without cofactor', () => {
    // A torsion point on R changes nothing for those who multiply by the cofactor.
    const torsion = ed25519.Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');
    const context = utf8('decent-cloud');
    const r = 12345n;
    const R = ed25519.Point.BASE.multiply(r).add(torsion).toBytes();
    const { scalar } = ed25519ph.utils.getExtendedPublicKey(K.seed);
    const k = challenge(R, K.publicKey, utf8('m'));
    const s = (r + k * scalar) % ORDER;
    const signature = Uint8Array.from([...R, ...bytesLe(s)]);
    expect(ed25519ph.verify(signature, utf8('m'), K.publicKey, { context, zip215: false })).toBe(true);
    expect(verifyEd25519ph(K.publicKey, signature, utf8('m'))).toBe(false);
  });

  it('agrees with another implementation, and never verifies changed bytes', () => {
    const context = utf8('decent-cloud');
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(511),
        (seed, message, bit) => {
          const { publicKey } = keyPairFromSeed(seed);
          const signature = signEd25519ph(seed, message);
          expect(verifyEd25519ph(publicKey, signature, message)).toBe(true);
          expect(ed25519ph.verify(signature, message, publicKey, { context, zip215: false })).toBe(true);
          const changed = Uint8Array.from(signature);
          changed[bit >> 3] = changed[bit >> 3]! ^ (1 << (bit & 7));
          expect(verifyEd25519ph(publicKey, changed, message)).toBe(false);
          expect(verifyEd25519ph(publicKey, signature, Uint8Array.from([...message, 0]))).toBe(false);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('takes malformed input for not verified', () => {
    expect(verifyEd25519ph('zz', '00', utf8('m'))).toBe(false);
    expect(verifyEd25519ph(K.publicKey, new Uint8Array(63), utf8('m'))).toBe(false);
    expect(verifyEd25519ph('ff'.repeat(32), '00'.repeat(64), utf8('m'))).toBe(false);
  });
});

function challenge(r: Uint8Array, publicKey: Uint8Array, message: Uint8Array): bigint {
  const { createHash } = process.getBuiltinModule('node:crypto');
  const sha512 = (...parts: Uint8Array[]) => {
    const hash = createHash('sha512');
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const domain = utf8('SigEd25519 no Ed25519 collisions\x01\x0cdecent-cloud');
  return numberLe(sha512(domain, r, publicKey, sha512(message))) % ORDER;
}

describe('the check of a public key', () => {
  const torsion = ed25519.Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');

  it('takes honest keys', () => {
    expect(checkPublicKey(K.publicKey)).toBe('ok');
    expect(checkPublicKey(P.toUpperCase())).toBe('ok');
  });

  it('refuses all eight points of small order', () => {
    for (let times = 0n; times < 8n; times++) {
      expect(checkPublicKey(torsion.multiplyUnsafe(times).toBytes())).toBe('small-order');
    }
  });

  it('refuses mixed order, points off the curve, other encodings and lengths', () => {
    const honest = ed25519.Point.fromBytes(K.publicKey);
    expect(checkPublicKey(honest.add(torsion).toBytes())).toBe('mixed-order');
    expect(checkPublicKey(`02${'00'.repeat(31)}`)).toBe('not-a-point');
    // y = p + 1, another spelling of 1.
    expect(checkPublicKey(`ee${'ff'.repeat(30)}7f`)).toBe('not-a-point');
    expect(checkPublicKey(P.slice(2))).toBe('not-32-bytes');
    expect(checkPublicKey('no hex')).toBe('not-32-bytes');
  });
});
