import { keyPairFromSeed, signEd25519ph } from '@decent-cloud/identity';
import { ed25519 } from '@noble/curves/ed25519.js';
import { type Verifier, withSPlusOrder } from '../src/auth/verifier.ts';

/** Numbers that can be had again: the same seed gives the same. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
type Random = ReturnType<typeof randomFrom>;

interface Signed {
  key: Buffer;
  signature: Buffer;
  body: Buffer;
}

const { Point } = ed25519;
/** The eight points of small order. */
const SMALL_ORDER = (() => {
  const generator = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');
  const points = [Point.ZERO];
  while (points.length < 8) points.push((points.at(-1) as typeof Point.ZERO).add(generator));
  return points;
})();
const bytesOf = (point: typeof Point.ZERO): Buffer => Buffer.from(point.toBytes());
const pointOf = (bytes: Uint8Array) => Point.fromBytes(Uint8Array.from(bytes));
/** 2^255 - 19, little-endian: y and y + p are one point in two spellings. */
const fieldSpelling = (low: number): Buffer => Buffer.from([0xed + low, ...Buffer.alloc(30, 0xff), 0x7f]);

const flip = (random: Random, data: Buffer): void => {
  const at = random(data.length);
  data[at] = (data[at] as number) ^ (1 << random(8));
};
const negate = (point: Buffer): void => {
  point[31] = (point[31] as number) ^ 0x80;
};
const fill = (random: Random, data: Buffer): void => {
  for (let index = 0; index < data.length; index++) data[index] = random(256);
};
const small = (random: Random, from: number) =>
  SMALL_ORDER[from + random(8 - from)] as (typeof SMALL_ORDER)[0];
const half = (signature: Buffer, which: 'R' | 'S') =>
  which === 'R' ? signature.subarray(0, 32) : signature.subarray(32);

/** What is done to a right signature, its key or its body. Each makes something that nobody has signed. */
const changes: Record<string, (signed: Signed, random: Random, seed: Uint8Array) => void> = {
  'a bit of R': ({ signature }, random) => flip(random, half(signature, 'R')),
  'a bit of S': ({ signature }, random) => flip(random, half(signature, 'S')),
  'a bit of the body': ({ body }, random) => flip(random, body),
  'a bit of the key': ({ key }, random) => flip(random, key),
  'eight bits of the signature': ({ signature }, random) => {
    const before = Buffer.from(signature);
    do for (let time = 0; time < 8; time++) flip(random, signature);
    while (signature.equals(before));
  },
  'S + L': ({ signature }) => void withSPlusOrder(signature).copy(signature),
  'R of chance': ({ signature }, random) => fill(random, half(signature, 'R')),
  'S of chance': ({ signature }, random) => fill(random, half(signature, 'S')),
  'all zero': ({ signature }) => void signature.fill(0),
  'S zero': ({ signature }) => void half(signature, 'S').fill(0),
  'R of small order': ({ signature }, random) => void bytesOf(small(random, 0)).copy(signature),
  'R plus a point of small order': ({ signature }, random) =>
    void bytesOf(pointOf(half(signature, 'R')).add(small(random, 1))).copy(signature),
  'R in its other spelling': ({ signature }, random) => void fieldSpelling(random(19)).copy(signature),
  'R with the other sign': ({ signature }) => negate(half(signature, 'R')),
  'R and S exchanged': ({ signature }) =>
    void Buffer.concat([half(signature, 'S'), half(signature, 'R')]).copy(signature),
  'key of small order': ({ key }, random) => void bytesOf(small(random, 0)).copy(key),
  'key of small order, R too, S zero': ({ key, signature }, random) => {
    bytesOf(small(random, 0)).copy(key);
    signature.fill(0);
    bytesOf(small(random, 0)).copy(signature);
  },
  'key of mixed order': ({ key }, random) => void bytesOf(pointOf(key).add(small(random, 1))).copy(key),
  'key in another spelling': ({ key }, random) => void fieldSpelling(random(19)).copy(key),
  'key with the other sign': ({ key }) => negate(key),
  'key of chance': ({ key }, random) => fill(random, key),
  'key of somebody else': ({ key }, random) => {
    const seed = Buffer.alloc(32);
    fill(random, seed);
    key.set(keyPairFromSeed(seed).publicKey);
  },
  'body longer': (signed, random) => {
    signed.body = Buffer.concat([signed.body, Buffer.from([random(256)])]);
  },
  'body shorter': (signed) => {
    signed.body = signed.body.subarray(0, signed.body.length - 1);
  },
  'another context': (signed, random, seed) => {
    const contexts = ['', 'decent-clouc', 'Decent-Cloud', 'decent-cloud\0', 'decent-cloud '];
    signed.signature = Buffer.from(signEd25519ph(seed, signed.body, contexts[random(contexts.length)]));
  },
  'plain Ed25519': (signed, _random, seed) => {
    signed.signature = Buffer.from(ed25519.sign(signed.body, seed));
  },
};
export const changeNames = Object.keys(changes);

export interface Verdicts {
  compared: number;
  /** Of those, how many came past the check of the key and were verified. */
  verified: number;
  /** Forged, and accepted by one of them. */
  accepted: string[];
  disagreements: string[];
  /** Right ones, as a proof that something can be accepted at all; each must be. */
  honest: number;
  refusedHonest: string[];
  readonly byChange: Record<string, number>;
}

/** Has both verifiers judge `count` forgeries. */
export function judgeForgeries(
  verifiers: readonly [Verifier, Verifier],
  { seed, count }: { seed: number; count: number },
): Verdicts {
  const random = randomFrom(seed);
  const seedOf = () => {
    const bytes = Buffer.alloc(32);
    fill(random, bytes);
    return bytes;
  };
  const verdicts: Verdicts = {
    compared: 0,
    verified: 0,
    accepted: [],
    disagreements: [],
    honest: 0,
    refusedHonest: [],
    byChange: Object.fromEntries(changeNames.map((name) => [name, 0])),
  };
  while (verdicts.compared < count) {
    const pair = keyPairFromSeed(seedOf());
    const body = Buffer.alloc(1 + random(300));
    fill(random, body);
    const right = Buffer.from(signEd25519ph(pair.seed, body));
    verdicts.honest++;
    if (
      !verifiers.every(
        (one) => one.isAcceptableKey(pair.publicKey) && one.verify(pair.publicKey, right, body),
      )
    )
      verdicts.refusedHonest.push(pair.publicKeyHex);
    // Signing costs more than checking: every change once of each signature, then some more by chance.
    for (let round = 0; round < 2 * changeNames.length && verdicts.compared < count; round++) {
      const name = changeNames[round < changeNames.length ? round : random(changeNames.length)] as string;
      const signed = {
        key: Buffer.from(pair.publicKey),
        signature: Buffer.from(right),
        body: Buffer.from(body),
      };
      changes[name]?.(signed, random, pair.seed);
      judge(verifiers, signed, pair.publicKey, name, verdicts);
    }
  }
  return verdicts;
}

function judge(
  verifiers: readonly [Verifier, Verifier],
  { key, signature, body }: Signed,
  ownKey: Uint8Array,
  name: string,
  verdicts: Verdicts,
): void {
  const about = () =>
    `${name}: key ${key.toString('hex')} signature ${signature.toString('hex')} body ${body.toString('hex')}`;
  verdicts.compared++;
  verdicts.byChange[name] = (verdicts.byChange[name] ?? 0) + 1;
  if (!key.equals(ownKey)) {
    const [first, second] = verifiers.map((verifier) => verifier.isAcceptableKey(key));
    if (first !== second) verdicts.disagreements.push(`key, ${about()}`);
    if (!first && !second) return;
  }
  verdicts.verified++;
  const [first, second] = verifiers.map((verifier) => verifier.verify(key, signature, body));
  if (first !== second) verdicts.disagreements.push(about());
  if (first || second) verdicts.accepted.push(about());
}
