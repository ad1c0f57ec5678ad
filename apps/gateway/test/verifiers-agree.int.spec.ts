import { createRequire } from 'node:module';
import { generateKeyPair, signEd25519ph } from '@decent-cloud/identity';
import type sodium from 'sodium-native';
import { nativeVerifier, portableVerifier, withSPlusOrder } from '../src/auth/verifier.ts';

const native = nativeVerifier(createRequire(import.meta.url)('sodium-native') as typeof sodium);
const both = [native, portableVerifier];

describe('both verifiers', () => {
  /** Small and fast generator, so that a failure can be repeated. */
  function randomFrom(seed: number): (below: number) => number {
    let state = seed;
    return (below) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
  }

  it('agree on 10,000 changed signatures, keys and messages, and accept none', () => {
    const random = randomFrom(20_261_124);
    const pairs = Array.from({ length: 8 }, () => generateKeyPair());
    const disagreements: string[] = [];
    let accepted = 0;
    let compared = 0;
    const flip = (data: Buffer): void => {
      const at = random(data.length);
      data[at] = (data[at] as number) ^ (1 << random(8));
    };
    while (compared < 10_000) {
      const pair = pairs[random(pairs.length)] as (typeof pairs)[number];
      const message = Buffer.from(`message ${compared}`);
      const right = signEd25519ph(pair.seed, message);
      // Signing costs more than checking: several changes of each signature.
      for (let round = 0; round < 20; round++) {
        const key = Buffer.from(pair.publicKey);
        const signature = Buffer.from(right);
        const text = Buffer.from(message);
        const kind = random(6);
        if (kind === 0) flip(signature.subarray(0, 32));
        else if (kind === 1) flip(signature.subarray(32));
        else if (kind === 2) flip(text);
        else if (kind === 3) flip(key);
        else if (kind === 4) withSPlusOrder(signature).copy(signature);
        else for (let index = 0; index < 8; index++) flip(signature);
        const acceptable = both.map((verifier) => verifier.isAcceptableKey(key));
        if (acceptable[0] !== acceptable[1]) disagreements.push(`key ${key.toString('hex')}`);
        compared++;
        if (!acceptable[0]) continue;
        const verdicts = both.map((verifier) => verifier.verify(key, signature, text));
        if (verdicts[0] !== verdicts[1]) disagreements.push(signature.toString('hex'));
        if (verdicts.some(Boolean)) accepted++;
      }
    }
    expect(disagreements).toEqual([]);
    expect(accepted).toBe(0);
  }, 120_000);
});
