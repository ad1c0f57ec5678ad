import { createUser, fromSeed } from '@nats-io/nkeys';
import { keyPairOf, newKey, signerOf } from './keys.ts';
import { ed25519OfUserKey, userKeyOfEd25519, userSeedOfEd25519 } from './raw-keys.ts';

test('a plain Ed25519 key is the same key in the broker’s spelling', () => {
  for (let round = 0; round < 20; round++) {
    const pair = createUser();
    const hex = ed25519OfUserKey(pair.getPublicKey());
    expect(userKeyOfEd25519(hex)).toBe(pair.getPublicKey());
    expect(userKeyOfEd25519(Buffer.from(hex, 'hex'))).toBe(pair.getPublicKey());
  }
});

test('a plain seed signs for the plain public key', async () => {
  const seed = crypto.getRandomValues(new Uint8Array(32));
  const { getPublicKeyAsync } = await import('@noble/ed25519');
  const publicKey = await getPublicKeyAsync(seed);
  const pair = fromSeed(new TextEncoder().encode(userSeedOfEd25519(seed)));
  expect(pair.getPublicKey()).toBe(userKeyOfEd25519(publicKey));
});

test('what is no key is refused', () => {
  expect(() => userKeyOfEd25519('ab')).toThrow('64 hex digits');
  expect(() => userKeyOfEd25519(new Uint8Array(31))).toThrow('32 bytes');
  const key = createUser().getPublicKey();
  const broken = `${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`;
  expect(() => ed25519OfUserKey(broken)).toThrow();
  expect(() => ed25519OfUserKey(`A${key.slice(1)}`)).toThrow('not the public key');
});

test.each(['operator', 'account', 'user'] as const)(
  'the fast signer of a %s key is the library’s key',
  (kind) => {
    const key = newKey(kind);
    const message = new TextEncoder().encode('to be signed');
    expect(signerOf(key.seed).getPublicKey()).toBe(key.publicKey);
    expect(signerOf(key.seed).sign(message)).toEqual(keyPairOf(key.seed).sign(message));
    expect(signerOf(key.seed).getPrivateKey()).toEqual(keyPairOf(key.seed).getPrivateKey());
  },
);
