import { ed25519ph } from '@noble/curves/ed25519.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { randomBytes } from '@noble/hashes/utils.js';
import { bytesToHex, type HexOrBytes, toBytes, utf8 } from './bytes.ts';

/** An Ed25519 identity. */
export interface KeyPair {
  /** The 32-byte secret. */
  readonly seed: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly publicKeyHex: string;
}

/** The key pair of a 32-byte seed, used as it is. @throws when it has another length. */
export function keyPairFromSeed(seed: HexOrBytes): KeyPair {
  const secret = Uint8Array.from(toBytes(seed, 32, 'a seed'));
  const publicKey = ed25519ph.getPublicKey(secret);
  return { seed: secret, publicKey, publicKeyHex: bytesToHex(publicKey) };
}

/** A new key pair from the system's randomness. */
export function generateKeyPair(): KeyPair {
  return keyPairFromSeed(randomBytes(32));
}

/** The seed that any given bytes stand for ("from seed"): the SLIP-0010 master key of Ed25519. */
export function seedFromEntropy(bytes: Uint8Array): Uint8Array {
  return hmac(sha512, utf8('ed25519 seed'), bytes).slice(0, 32);
}
