import { hash } from 'node:crypto';
import { createRequire } from 'node:module';
import { checkPublicKey, SIGNATURE_CONTEXT, signEd25519ph, verifyEd25519ph } from '@decent-cloud/identity';
import type sodium from 'sodium-native';

/** Decides about keys and signatures; two of them exist and must never disagree. */
export interface Verifier {
  readonly name: 'native' | 'portable';
  /** A point of the prime-order group, in its one encoding. */
  isAcceptableKey(publicKey: Uint8Array): boolean;
  /** For acceptable keys only. */
  verify(publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array): boolean;
}

const DOMAIN = Buffer.concat([
  Buffer.from('SigEd25519 no Ed25519 collisions'),
  Buffer.from([1, SIGNATURE_CONTEXT.length]),
  Buffer.from(SIGNATURE_CONTEXT),
]);
/** L, the order of the group, little-endian. */
const ORDER = Buffer.from('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010', 'hex');

/** libsodium does not check it in this construction, and S + L would verify as well as S. */
function isBelowOrder(scalar: Uint8Array): boolean {
  for (let index = 31; index >= 0; index--) {
    const difference = (scalar[index] as number) - (ORDER[index] as number);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

const sha512 = (data: Uint8Array): Buffer => hash('sha512', data, 'buffer');

/** Ed25519ph from libsodium's point primitives: some ten times as fast as the portable one. */
export function nativeVerifier(native: typeof sodium): Verifier {
  return {
    name: 'native',
    isAcceptableKey: (publicKey) =>
      publicKey.length === 32 && native.crypto_core_ed25519_is_valid_point(publicKey),
    verify(publicKey, signature, message) {
      if (publicKey.length !== 32 || signature.length !== 64) return false;
      const r = signature.subarray(0, 32);
      const s = Buffer.from(signature.subarray(32));
      if (!isBelowOrder(s)) return false;
      try {
        const k = Buffer.alloc(32);
        native.crypto_core_ed25519_scalar_reduce(
          k,
          sha512(Buffer.concat([DOMAIN, r, publicKey, sha512(message)])),
        );
        const left = Buffer.alloc(32);
        const right = Buffer.alloc(32);
        native.crypto_scalarmult_ed25519_base_noclamp(left, s);
        native.crypto_scalarmult_ed25519_noclamp(right, k, publicKey);
        const expected = Buffer.alloc(32);
        native.crypto_core_ed25519_sub(expected, left, right);
        return expected.equals(r);
      } catch {
        // libsodium throws for results that no honest signature has (the identity, S = 0).
        return false;
      }
    },
  };
}

export const portableVerifier: Verifier = {
  name: 'portable',
  isAcceptableKey: (publicKey) => checkPublicKey(publicKey) === 'ok',
  verify: (publicKey, signature, message) => verifyEd25519ph(publicKey, signature, message),
};

/**
 * The fastest verifier that passes its self-test on this machine.
 * @throws Error when even the portable one does not: nothing may be accepted then.
 */
export function chooseVerifier(onFallback: (why: unknown) => void): Verifier {
  try {
    const native = nativeVerifier(createRequire(import.meta.url)('sodium-native') as typeof sodium);
    assertStrict(native);
    return native;
  } catch (error) {
    onFallback(error);
  }
  assertStrict(portableVerifier);
  return portableVerifier;
}

const SEED = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex');
const PUBLIC_KEY = Buffer.from('03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8', 'hex');
const KNOWN_MESSAGE = Buffer.from('test message for cross-platform verification');
const KNOWN_SIGNATURE = Buffer.from(
  'a2aca8ef6760241fc2b254447b9320f03fffaaa11f60365b33455b5d664abc0172627ce2258cdbde7e2eddbe20bda46e008f8041ffb61515e7f4e5a8fdab3f0f',
  'hex',
);
const UNSAFE_KEYS = [
  // the identity, a point of order 8, and one of mixed order (a good key plus a point of order 2)
  '0100000000000000000000000000000000000000000000000000000000000000',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ea5ef8400c31ef41e28f22e718b43f66981b29cf645af2a0e223799bedaace47',
  // y = p: the same point as y = 0, encoded otherwise
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];

/** Right signatures show little: what counts is that forged ones are refused. */
export function assertStrict(verifier: Verifier): void {
  const expect = (what: string, right: boolean): void => {
    if (!right) throw new Error(`the ${verifier.name} signature verifier fails its self-test: ${what}`);
  };
  const { verify } = verifier;
  expect('a good key', verifier.isAcceptableKey(PUBLIC_KEY));
  expect('a good signature', verify(PUBLIC_KEY, KNOWN_SIGNATURE, KNOWN_MESSAGE));
  for (const key of UNSAFE_KEYS)
    expect(`unsafe key ${key}`, !verifier.isAcceptableKey(Buffer.from(key, 'hex')));
  for (const position of [0, 31, 32, 63]) {
    const forged = Buffer.from(KNOWN_SIGNATURE);
    forged[position] = (forged[position] as number) ^ 1;
    expect(`signature changed at ${position}`, !verify(PUBLIC_KEY, forged, KNOWN_MESSAGE));
  }
  expect('another message', !verify(PUBLIC_KEY, KNOWN_SIGNATURE, KNOWN_MESSAGE.subarray(1)));
  expect('S + L', !verify(PUBLIC_KEY, withSPlusOrder(KNOWN_SIGNATURE), KNOWN_MESSAGE));
  const elsewhere = signEd25519ph(SEED, KNOWN_MESSAGE, 'another-context');
  expect('another context', !verify(PUBLIC_KEY, elsewhere, KNOWN_MESSAGE));
}

/** The same signature with S + L in place of S. */
export function withSPlusOrder(signature: Uint8Array): Buffer {
  const changed = Buffer.from(signature);
  let carry = 0;
  for (let index = 0; index < 32; index++) {
    const sum = (changed[32 + index] as number) + (ORDER[index] as number) + carry;
    changed[32 + index] = sum & 0xff;
    carry = sum >> 8;
  }
  return changed;
}
