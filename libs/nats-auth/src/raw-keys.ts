import { fromPublic, fromSeed } from '@nats-io/nkeys';

/**
 * Plain Ed25519 keys in the broker's spelling (base32 of prefix, key, CRC-16) and back: an agent signs in with the key
 * that it already has.
 */
const USER_PREFIX = 160;
const SEED_PREFIX = 144;
const PRIVATE_PREFIX = 120;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** `U…` of a 32-byte Ed25519 public key, given as bytes or as 64 hex digits. */
export function userKeyOfEd25519(publicKey: Uint8Array | string): string {
  return spell(Uint8Array.of(USER_PREFIX, ...bytes32(publicKey)));
}

/** `SU…` of a 32-byte Ed25519 secret seed. The result is as secret as the seed. */
export function userSeedOfEd25519(seed: Uint8Array | string): string {
  const head = [SEED_PREFIX | (USER_PREFIX >> 5), (USER_PREFIX & 31) << 3];
  return spell(Uint8Array.of(...head, ...bytes32(seed)));
}

/** 64 hex digits of the Ed25519 public key behind `U…`. @throws when it is no user key */
export function ed25519OfUserKey(userKey: string): string {
  if (!userKey.startsWith('U')) throw new Error('not the public key of a broker user');
  fromPublic(userKey);
  return Buffer.from(unspell(userKey).subarray(1, 33)).toString('hex');
}

/** The 32 secret bytes of `S…`. @throws when it is no seed */
export function rawSeedOf(seed: string): Uint8Array {
  fromSeed(new TextEncoder().encode(seed));
  return unspell(seed).subarray(2, 34);
}

/** `<first letter>…` of a 32-byte public key, of the same kind as the seed. */
export function publicKeyLike(seed: string, publicKey: Uint8Array): string {
  const head = unspell(seed);
  const prefix = (((head[0] ?? 0) & 7) << 5) | (((head[1] ?? 0) & 248) >> 3);
  return spell(Uint8Array.of(prefix, ...bytes32(publicKey)));
}

/** `P…` of a key pair: as secret as its seed. */
export function privateKeyOf(rawSeed: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const spelled = spell(Uint8Array.of(PRIVATE_PREFIX, ...bytes32(rawSeed), ...bytes32(publicKey)));
  return new TextEncoder().encode(spelled);
}

function bytes32(key: Uint8Array | string): Uint8Array {
  if (typeof key === 'string' && !/^[0-9a-f]{64}$/i.test(key)) throw new Error('a key has 64 hex digits');
  const bytes = typeof key === 'string' ? Buffer.from(key, 'hex') : key;
  if (bytes.length !== 32) throw new Error('a key has 32 bytes');
  return bytes;
}

function spell(body: Uint8Array): string {
  const sum = crc16(body);
  const raw = Uint8Array.of(...body, sum & 0xff, sum >> 8);
  let text = '';
  let held = 0;
  let heldBits = 0;
  for (const byte of raw) {
    held = (held << 8) | byte;
    heldBits += 8;
    while (heldBits >= 5) {
      heldBits -= 5;
      text += ALPHABET[(held >> heldBits) & 31];
    }
    held &= (1 << heldBits) - 1;
  }
  return heldBits > 0 ? text + ALPHABET[(held << (5 - heldBits)) & 31] : text;
}

function unspell(text: string): Uint8Array {
  const bytes: number[] = [];
  let held = 0;
  let heldBits = 0;
  for (const character of text) {
    held = (held << 5) | ALPHABET.indexOf(character);
    heldBits += 5;
    if (heldBits >= 8) {
      heldBits -= 8;
      bytes.push((held >> heldBits) & 0xff);
      held &= (1 << heldBits) - 1;
    }
  }
  return Uint8Array.from(bytes);
}

function crc16(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) {
    sum ^= byte << 8;
    for (let bit = 0; bit < 8; bit++)
      sum = sum & 0x8000 ? ((sum << 1) ^ 0x1021) & 0xffff : (sum << 1) & 0xffff;
  }
  return sum;
}
