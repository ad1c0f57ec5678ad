import { ed25519ph } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes, type HexOrBytes, toBytes, utf8 } from './bytes.ts';

/** The context under which everything of Decent Cloud is signed. */
export const SIGNATURE_CONTEXT = 'decent-cloud';

const { Point } = ed25519ph;

const littleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);

const contextBytes = (context: string): Uint8Array => {
  const bytes = utf8(context);
  if (bytes.length > 255) throw new RangeError('a context has at most 255 bytes');
  return bytes;
};

/** Signs with Ed25519ph (RFC 8032 §5.1) under a context. */
export function signEd25519ph(
  seed: Uint8Array,
  message: Uint8Array,
  context: string = SIGNATURE_CONTEXT,
): Uint8Array {
  return ed25519ph.sign(message, seed, { context: contextBytes(context) });
}

/**
 * Strict check: canonical encodings, S below the group order, no small-order key, no cofactor. Whatever is malformed
 * does not verify. Keys of mixed order are for `checkPublicKey` to refuse.
 */
export function verifyEd25519ph(
  publicKey: HexOrBytes,
  signature: HexOrBytes,
  message: Uint8Array,
  context: string = SIGNATURE_CONTEXT,
): boolean {
  const contextGiven = contextBytes(context);
  try {
    const key = toBytes(publicKey, 32, 'a public key');
    const bytes = toBytes(signature, 64, 'a signature');
    const r = bytes.subarray(0, 32);
    const s = littleEndian(bytes.subarray(32));
    if (s >= Point.Fn.ORDER) return false;
    const point = Point.fromBytes(key, false);
    if (point.isSmallOrder()) return false;
    const domain = concatBytes(
      utf8('SigEd25519 no Ed25519 collisions'),
      Uint8Array.of(1, contextGiven.length),
      contextGiven,
    );
    const k = Point.Fn.create(littleEndian(sha512(concatBytes(domain, r, key, sha512(message)))));
    const expected = Point.BASE.multiplyUnsafe(s).subtract(point.multiplyUnsafe(k)).toBytes();
    return equalBytes(expected, r);
  } catch {
    return false;
  }
}
