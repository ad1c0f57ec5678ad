import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { createAccount, createOperator, createUser, fromSeed, type KeyPair } from '@nats-io/nkeys';
import { privateKeyOf, publicKeyLike, rawSeedOf } from './raw-keys.ts';

/** An Ed25519 key in the broker's spelling. `seed` is secret. */
export interface KeyWithSeed {
  readonly publicKey: string;
  readonly seed: string;
}

const makers = { operator: createOperator, account: createAccount, user: createUser } as const;

/** A new key of the kind; account keys also serve as signing keys of accounts, operator keys as those of operators. */
export function newKey(kind: keyof typeof makers): KeyWithSeed {
  const pair = makers[kind]();
  return { publicKey: pair.getPublicKey(), seed: new TextDecoder().decode(pair.getSeed()) };
}

/** The public key of a new account whose seed nobody keeps: only the operator can change the account. */
export function newAccountWithoutSeed(): string {
  const pair = createAccount();
  const publicKey = pair.getPublicKey();
  pair.clear();
  return publicKey;
}

/** @throws when the text is no seed */
export function keyPairOf(seed: string): KeyPair {
  return fromSeed(new TextEncoder().encode(seed));
}

const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Signs with the platform's own Ed25519: a thousand times as fast as the library's. @throws when the text is no seed */
export function signerOf(seed: string): KeyPair {
  const rawSeed = rawSeedOf(seed);
  const der = Buffer.concat([PKCS8_HEAD, rawSeed]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const jwk = createPublicKey(key).export({ format: 'jwk' });
  const rawPublicKey = Buffer.from(jwk.x ?? '', 'base64url');
  const publicKey = publicKeyLike(seed, rawPublicKey);
  const pair = keyPairOf(seed);
  return {
    getPublicKey: () => publicKey,
    // Asked for with every JWT; the library would derive the key anew each time, for milliseconds.
    getPrivateKey: () => privateKeyOf(rawSeed, rawPublicKey),
    getSeed: () => pair.getSeed(),
    sign: (input) => new Uint8Array(sign(null, input, key)),
    verify: (input, signature) => pair.verify(input, signature),
    clear: () => pair.clear(),
    seal: (input, recipient, nonce) => pair.seal(input, recipient, nonce),
    open: (message, sender) => pair.open(message, sender),
  };
}

/** @throws when the text is no seed */
export function publicKeyOf(seed: string): string {
  return signerOf(seed).getPublicKey();
}
