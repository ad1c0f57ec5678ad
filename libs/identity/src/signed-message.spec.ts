import fc from 'fast-check';
import { printCanonicalJson } from './canonical-json.ts';
import { generateKeyPair, keyPairFromSeed } from './key-pair.ts';
import { signMessage, verifyMessage } from './signed-message.ts';

const K = keyPairFromSeed('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
const travelled = (message: unknown) => JSON.parse(JSON.stringify(message));

describe('canonical JSON', () => {
  it('sorts members at every depth, without spaces, and leaves undefined out', () => {
    const value = { b: [{ z: 1, a: 'ä"' }], a: null, c: undefined, B: true, 10: -0 };
    expect(printCanonicalJson(value)).toBe('{"10":0,"B":true,"a":null,"b":[{"a":"ä\\"","z":1}]}');
  });

  it.each([
    ['a fraction', 1.5],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['an unsafe integer', 2 ** 53],
    ['a bigint', 1n],
    ['undefined in a list', [undefined]],
    ['a hole in a list', new Array(1)],
    ['a date', new Date(0)],
    ['bytes', new Uint8Array(1)],
    ['a function', () => 1],
    ['undefined', undefined],
  ])('refuses %s', (_what, value) => {
    expect(() => printCanonicalJson({ value: [value] })).toThrow(TypeError);
  });

  it('refuses to nest without end', () => {
    const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
    expect(printCanonicalJson(deep(60))).toContain('[1]');
    expect(() => printCanonicalJson(deep(70))).toThrow('too deep');
  });

  it('prints the same for every order of members, and parses back to the same', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string(),
          fc.oneof(fc.string(), fc.maxSafeInteger(), fc.boolean(), fc.constant(null)),
        ),
        (value) => {
          const text = printCanonicalJson(value);
          const reversed = Object.fromEntries(Object.entries(value).reverse());
          expect(printCanonicalJson(reversed)).toBe(text);
          expect(printCanonicalJson(JSON.parse(text))).toBe(text);
        },
      ),
    );
  });
});

describe('signed messages', () => {
  const message = { v: 1, machines: [{ contractId: 'c', generation: 3 }], traceparent: undefined };

  it('verify after their journey, whatever the order of members', () => {
    const signed = signMessage(K.seed, message);
    expect(signed.sig).toMatch(/^[0-9a-f]{128}$/);
    expect(verifyMessage(K.publicKeyHex, travelled(signed))).toBe(true);
    expect(verifyMessage(K.publicKey, Object.fromEntries(Object.entries(signed).reverse()))).toBe(true);
  });

  it('can be signed anew', () => {
    const other = generateKeyPair();
    const again = signMessage(other.seed, signMessage(K.seed, message));
    expect(verifyMessage(other.publicKey, travelled(again))).toBe(true);
    expect(verifyMessage(K.publicKey, travelled(again))).toBe(false);
  });

  it('do not verify when anything was changed, added or removed, or under another key', () => {
    const signed = travelled(signMessage(K.seed, message));
    expect(verifyMessage(K.publicKey, { ...signed, v: 2 })).toBe(false);
    expect(verifyMessage(K.publicKey, { ...signed, more: 1 })).toBe(false);
    expect(verifyMessage(K.publicKey, { ...signed, machines: [] })).toBe(false);
    expect(verifyMessage(K.publicKey, { v: signed.v, sig: signed.sig })).toBe(false);
    expect(verifyMessage(generateKeyPair().publicKey, signed)).toBe(false);
  });

  it('do not verify with a member that JSON calls __proto__', () => {
    const signed = signMessage(K.seed, message);
    const text = JSON.stringify(signed).replace('{', '{"__proto__":{"v":9},');
    expect(verifyMessage(K.publicKey, JSON.parse(text))).toBe(false);
  });

  it.each([
    ['null', null],
    ['a text', 'x'],
    ['a list', []],
    ['no sig', { v: 1 }],
    ['a sig that is no hex', { v: 1, sig: 'x' }],
    ['a sig of another type', { v: 1, sig: 1 }],
    ['a fraction', { v: 1.5, sig: '00'.repeat(64) }],
  ])('do not verify as %s', (_what, value) => {
    expect(verifyMessage(K.publicKey, value)).toBe(false);
  });
});
