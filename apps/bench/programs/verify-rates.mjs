import '@decent-cloud/kernel/needed-node';
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { generateKeyPair, signEd25519ph } from '@decent-cloud/identity';
import { chooseVerifier, portableVerifier } from '../../gateway/dist/auth/verifier.js';

/**
 * Verifications per CPU-second: those of the gateway as it is built, and `crypto.verify` (pure Ed25519, key parsed once) as
 * the yardstick. Prints one line of JSON.
 */
const ROUNDS = 5;
const ROUND_CPU_MS = 300;
const KEYS = 64;

const native = chooseVerifier((error) => {
  throw new Error('the native verifier cannot be used here', { cause: error });
});
const cases = Array.from({ length: KEYS }, (_, index) => {
  const { seed, publicKey } = generateKeyPair();
  const message = createHash('shake256', { outputLength: 512 }).update(`message ${index}`).digest();
  // RFC 8410: what stands before the 32 bytes of a private and of a public key.
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return {
    publicKey,
    message,
    signature: signEd25519ph(seed, message),
    keyObject: createPublicKey(privateKey),
    pureSignature: sign(null, message, privateKey),
  };
});
/** @typedef {(typeof cases)[number]} Case */

const ways = {
  /** @param {Case} it */
  cryptoVerify: (it) => verify(null, it.message, it.keyObject, it.pureSignature),
  /** @param {Case} it */
  native: (it) => native.verify(it.publicKey, it.signature, it.message),
  /** @param {Case} it */
  portable: (it) => portableVerifier.verify(it.publicKey, it.signature, it.message),
};

for (const [name, way] of Object.entries(ways)) {
  for (const it of cases) {
    if (!way(it)) throw new Error(`${name} refuses a good signature`);
    if (way({ ...it, message: it.message.subarray(1) })) throw new Error(`${name} takes another message`);
  }
}

/** @type {Record<string, number[]>} */
const rates = {};
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, way] of Object.entries(ways)) {
    const before = process.cpuUsage();
    let count = 0;
    let used = 0;
    while (used < ROUND_CPU_MS * 1_000) {
      for (let n = 0; n < 20; n++)
        if (!way(/** @type {Case} */ (cases[count++ % KEYS]))) throw new Error(name);
      const { user, system } = process.cpuUsage(before);
      used = user + system;
    }
    rates[name] ??= [];
    rates[name].push((count / used) * 1e6);
  }
}
const median = (/** @type {number[]} */ values) => values.toSorted((a, b) => a - b)[values.length >> 1];
console.log(
  JSON.stringify(Object.fromEntries(Object.entries(rates).map(([name, values]) => [name, median(values)]))),
);
