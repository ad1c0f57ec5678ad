import { ed25519ph } from '@noble/curves/ed25519.js';
import { type HexOrBytes, hexToBytes } from './bytes.ts';

/** Why a public key is refused. */
export type PublicKeyFault = 'not-32-bytes' | 'not-a-point' | 'small-order' | 'mixed-order';

/**
 * Whether a key may be registered. Under keys of small order signatures verify that nobody made, and under keys of
 * mixed order verifiers disagree with each other: only points of the prime-order group are safe.
 */
export function checkPublicKey(publicKey: HexOrBytes): 'ok' | PublicKeyFault {
  let bytes: Uint8Array;
  try {
    bytes = typeof publicKey === 'string' ? hexToBytes(publicKey) : publicKey;
  } catch {
    return 'not-32-bytes';
  }
  if (bytes.length !== 32) return 'not-32-bytes';
  try {
    const point = ed25519ph.Point.fromBytes(bytes, false);
    if (point.isSmallOrder()) return 'small-order';
    return point.isTorsionFree() ? 'ok' : 'mixed-order';
  } catch {
    return 'not-a-point';
  }
}
