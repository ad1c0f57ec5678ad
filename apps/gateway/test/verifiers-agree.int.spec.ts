import { createRequire } from 'node:module';
import type sodium from 'sodium-native';
import { nativeVerifier, portableVerifier, type Verifier } from '../src/auth/verifier.ts';
import { changeNames, judgeForgeries } from './forgeries.ts';

const native = nativeVerifier(createRequire(import.meta.url)('sodium-native') as typeof sodium);

/** `npm run fuzz:signatures` does the same a million times, with a new seed each time. */
describe('both verifiers', () => {
  it('agree on 10,000 forged signatures, keys and bodies, and accept none', () => {
    const verdicts = judgeForgeries([native, portableVerifier], { seed: 20_261_124, count: 10_000 });
    expect(verdicts).toMatchObject({ compared: 10_000, accepted: [], disagreements: [], refusedHonest: [] });
    expect(verdicts.honest).toBeGreaterThan(100);
    expect(verdicts.verified).toBeGreaterThan(5_000);
    for (const name of changeNames) expect([name, verdicts.byChange[name]]).not.toEqual([name, 0]);
  }, 120_000);

  it('are caught when one of them takes what it must not', () => {
    const careless: Verifier = { ...portableVerifier, isAcceptableKey: () => true, verify: () => true };
    const { accepted, disagreements } = judgeForgeries([native, careless], { seed: 1, count: 300 });
    expect(accepted).toHaveLength(300);
    expect(disagreements.length).toBeGreaterThanOrEqual(300);
    const noOrderCheck: Verifier = {
      ...native,
      verify: (key, signature, body) =>
        native.verify(key, signature, body) || native.verify(key, withSMinusOrder(signature), body),
    };
    const caught = judgeForgeries([noOrderCheck, portableVerifier], { seed: 1, count: 300 });
    expect(caught.accepted.length).toBeGreaterThan(0);
    expect(caught.accepted.every((one) => one.startsWith('S + L'))).toBe(true);
  }, 60_000);
});

const ORDER = Buffer.from('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010', 'hex');
function withSMinusOrder(signature: Uint8Array): Buffer {
  const changed = Buffer.from(signature);
  let borrow = 0;
  for (let index = 0; index < 32; index++) {
    const difference = (changed[32 + index] as number) - (ORDER[index] as number) - borrow;
    changed[32 + index] = difference & 0xff;
    borrow = difference < 0 ? 1 : 0;
  }
  return changed;
}
