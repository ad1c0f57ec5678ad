import fc from 'fast-check';
import { hexToBytes } from './bytes.ts';
import { CredentialError, openCredential, sealCredential } from './credential.ts';
import { generateKeyPair, keyPairFromSeed } from './key-pair.ts';

const S1 = keyPairFromSeed('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
const S2 = keyPairFromSeed('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
const range = (from: number, count: number) => Uint8Array.from({ length: count }, (_, index) => from + index);

const V1 =
  '{"version":1,"ephemeral_pubkey":"NYBy1jZYgNGu6jKa35EhODhR7SGijjt16WXQ0s0WYlQ=","nonce":"QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZX","ciphertext":"yYwK9DSzPEGBiefTeXMLJoPteeZsbX4="}';
const V2A =
  '{"version":2,"ephemeral_pubkey":"ST6C/HRGSlkmiBdiPSBTxeuOLMSpiLT+4XnsawENUx0=","nonce":"oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3","ciphertext":"2z9nGMcpgM3NMVENZBBYA+vfAw3DM7IqbZGD","aad":"q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s="}';
const V2B =
  '{"version":2,"ephemeral_pubkey":"HPV5q6RaELodHvBtkfyiqp7QoRUFFWUxVUBdCxjLmmc=","nonce":"JCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk","ciphertext":"SH1bLCYr1sA0Oq3QnMHC/txYbd9YdnKsUJz2n2xOTPQqBFTpOIx2xA==","aad":"8DafzMHCyGEXGXrnhDJyLTHtYA0OO29r1pCP15+R15M="}';
const V2_REAL =
  '{"version":2,"ephemeral_pubkey":"oeLDuq8BTacwGCwRXedqgtzy1M+V4fJHeD9wlvIVWhw=","nonce":"5+IFQj0TtWRCsRieY37RK/0Z13Ubsh1v","ciphertext":"SDa6HRDgT45z0xsonu+6wsccn3F2JE7x5+LyLJPKaS9Rn8jGpA==","aad":"WIeUYnmoijslVttpM/rdtq1thl1SAJ0Z/Ny5mDEsiEE="}';

const faultOf = (act: () => unknown): CredentialError => {
  try {
    act();
  } catch (error) {
    if (error instanceof CredentialError) return error;
    throw error;
  }
  throw new Error('was not refused');
};
const open = (envelope: string, contractId = 'ab'.repeat(32), acceptVersion1 = false) =>
  openCredential({ seed: S1.seed, envelope, contractId, acceptVersion1 });
const change = (envelope: string, members: Record<string, unknown>) =>
  JSON.stringify({ ...JSON.parse(envelope), ...members });

describe('sealed credentials', () => {
  it.each([
    ['V2-A', S1, 'SecurePass!', 'ab'.repeat(32), range(0x80, 32), range(0xa0, 24), V2A],
    [
      'V2-B',
      S2,
      'Zk3vQ9mT1xR7pL5wB2nH8cYd',
      'f0369fccc1c2c86117197ae78432722d31ed600d0e3b6f6bd6908fd79f91d793',
      new Uint8Array(32).fill(0x77),
      new Uint8Array(24).fill(0x24),
      V2B,
    ],
  ])(
    'reproduce vector %s, member order included',
    (_name, key, plaintext, contractId, secret, nonce, text) => {
      const input = { recipientPublicKey: key.publicKey, contractId, plaintext };
      expect(sealCredential(input, { ephemeralSecret: secret, nonce })).toBe(text);
      expect(openCredential({ seed: key.seed, envelope: text, contractId })).toBe(plaintext);
    },
  );

  it('reproduce the short vector', () => {
    const input = {
      recipientPublicKey: S1.publicKeyHex,
      contractId: '11'.repeat(32),
      plaintext: 'root:s3cret',
    };
    const random = {
      ephemeralSecret: new Uint8Array(32).fill(7),
      nonce: new Uint8Array(24).fill(9),
    };
    expect(JSON.parse(sealCredential(input, random))).toMatchObject({
      ephemeral_pubkey: 'E75P6uryBMf9M1j8nAByGIHRdCeBKCJ+xnTzf3/pe20=',
      ciphertext: 'jBOPw2Ye7g/fleaIO6bhKkpU9GiNzJLdW1Jn',
    });
  });

  it('of the existing server open', () => {
    const contractId = '5887946279a88a3b2556db6933faddb6ad6d865d52009d19fcdcb998312c8841';
    expect(open(V2_REAL, contractId)).toBe('correct horse battery');
  });

  it('of version 1 open only where the caller accepts them', () => {
    expect(open(V1, undefined, true)).toBe('hunter2');
    expect(faultOf(() => open(V1))).toMatchObject({ fault: 'contract' });
  });

  it('open whatever the order of members', () => {
    const reversed = Object.fromEntries(Object.entries(JSON.parse(V2A)).reverse());
    expect(open(JSON.stringify(reversed))).toBe('SecurePass!');
  });

  it('are refused for any other contract before anything is decrypted', () => {
    const wrongKey = { seed: S2.seed, envelope: V2A, contractId: 'cd'.repeat(32) };
    expect(faultOf(() => openCredential(wrongKey))).toMatchObject({ fault: 'contract' });
    const aad = Buffer.from('cd'.repeat(32), 'hex').toString('base64');
    expect(faultOf(() => open(change(V2A, { aad })))).toMatchObject({ fault: 'contract' });
  });

  it('do not open when the contract in them was exchanged', () => {
    const aad = Buffer.from('cd'.repeat(32), 'hex').toString('base64');
    expect(faultOf(() => open(change(V2A, { aad }), 'cd'.repeat(32)))).toMatchObject({ fault: 'decryption' });
  });

  it.each([undefined, null])('of version 2 are refused when aad is %s', (aad) => {
    expect(faultOf(() => open(change(V2A, { aad })))).toMatchObject({ fault: 'contract' });
  });

  it('do not open under the key of the other version', () => {
    expect(faultOf(() => open(change(V2A, { version: 1 }), undefined, true)).fault).toBe('decryption');
    const aad = Buffer.from('ab'.repeat(32), 'hex').toString('base64');
    expect(faultOf(() => open(change(V1, { version: 2, aad }))).fault).toBe('decryption');
  });

  it('do not open for another key', () => {
    expect(
      faultOf(() => openCredential({ seed: S2.seed, envelope: V2A, contractId: 'ab'.repeat(32) })),
    ).toMatchObject({ fault: 'decryption', message: expect.not.stringContaining('SecurePass') });
  });

  it('fail when one bit of any field is flipped', () => {
    const fields = JSON.parse(V2A);
    for (const name of ['ephemeral_pubkey', 'nonce', 'ciphertext', 'aad']) {
      const length = Buffer.from(fields[name], 'base64').length;
      // Bit 255 of an X25519 key is ignored by definition; all other bits count.
      const bits = name === 'ephemeral_pubkey' ? length * 8 - 1 : length * 8;
      for (let bit = 0; bit < bits; bit += 13) {
        const bytes = Buffer.from(fields[name], 'base64');
        bytes[bit >> 3] = bytes[bit >> 3]! ^ (1 << (bit & 7));
        expect(() => open(change(V2A, { [name]: bytes.toString('base64') }))).toThrow(CredentialError);
      }
    }
  });

  it('name an unknown version', () => {
    const error = faultOf(() => open(change(V2A, { version: 3 })));
    expect(error).toMatchObject({ fault: 'version', message: 'Unsupported encryption version: 3' });
  });

  it.each([
    ['no JSON', 'hello'],
    ['null', 'null'],
    ['no version', '{}'],
    ['a short key', change(V2A, { ephemeral_pubkey: 'AAAA' })],
    ['a short nonce', change(V2A, { nonce: 'AAAA' })],
    ['a short ciphertext', change(V2A, { ciphertext: 'AAAA' })],
    ['no base64', change(V2A, { nonce: '!' })],
    ['a number for text', change(V2A, { nonce: 5 })],
  ])('are refused as %s', (_what, envelope) => {
    expect(faultOf(() => open(envelope))).toMatchObject({ fault: 'format' });
  });

  it('are not sealed for points of small order, no points, wrong lengths', () => {
    const seal = (recipientPublicKey: string, contractId = 'ab'.repeat(32)) =>
      sealCredential({ recipientPublicKey, contractId, plaintext: 'x' });
    expect(faultOf(() => seal(`01${'00'.repeat(31)}`))).toMatchObject({ fault: 'recipient' });
    expect(faultOf(() => seal('ff'.repeat(32)))).toMatchObject({ fault: 'recipient' });
    expect(faultOf(() => seal('ab'))).toMatchObject({ fault: 'recipient' });
    expect(faultOf(() => seal(S1.publicKeyHex, 'ab'))).toMatchObject({ fault: 'contract' });
  });

  it('do not open with an ephemeral key of small order', () => {
    for (const hex of ['00'.repeat(32), `01${'00'.repeat(31)}`]) {
      const ephemeral_pubkey = Buffer.from(hex, 'hex').toString('base64');
      expect(faultOf(() => open(change(V2A, { ephemeral_pubkey })))).toMatchObject({ fault: 'recipient' });
    }
  });

  it('carry any text there and back, each time under another key', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (plaintext, contractId) => {
          const { seed, publicKey } = generateKeyPair();
          const envelope = sealCredential({ recipientPublicKey: publicKey, contractId, plaintext });
          expect(openCredential({ seed, envelope, contractId })).toBe(plaintext);
        },
      ),
      { numRuns: 20 },
    );
    const empty = { recipientPublicKey: S1.publicKey, contractId: 'ab'.repeat(32), plaintext: '' };
    const first = JSON.parse(sealCredential(empty));
    const second = JSON.parse(sealCredential(empty));
    expect(Buffer.from(first.ciphertext, 'base64')).toHaveLength(16);
    expect(open(JSON.stringify(first))).toBe('');
    expect(first.ephemeral_pubkey).not.toBe(second.ephemeral_pubkey);
    expect(first.nonce).not.toBe(second.nonce);
  });

  it('leave the given randomness as it was', () => {
    const ephemeralSecret = hexToBytes('ff'.repeat(32));
    sealCredential(
      { recipientPublicKey: S1.publicKey, contractId: 'ab'.repeat(32), plaintext: 'x' },
      { ephemeralSecret, nonce: new Uint8Array(24) },
    );
    expect(ephemeralSecret).toEqual(hexToBytes('ff'.repeat(32)));
  });
});
