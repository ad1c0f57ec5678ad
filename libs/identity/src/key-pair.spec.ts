import { bytesToHex, hexToBytes } from './bytes.ts';
import { generateKeyPair, keyPairFromSeed, seedFromEntropy } from './key-pair.ts';
import { publicKeyFromPem, publicKeyToPem, publicKeyToUid, seedFromPem, seedToPem } from './pem.ts';
import { generatePhrase, seedFromPhrase } from './phrase.ts';

const SEED = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const K = keyPairFromSeed(SEED);
const ABANDON = `${'abandon '.repeat(11)}about`;

describe('key pairs', () => {
  it('come from a seed, and only from 32 bytes', () => {
    expect(K.publicKeyHex).toBe('03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8');
    expect(keyPairFromSeed(hexToBytes(SEED)).publicKey).toEqual(K.publicKey);
    expect(() => keyPairFromSeed('00')).toThrow('32 bytes');
  });

  it('are all different when generated', () => {
    expect(generateKeyPair().publicKeyHex).not.toBe(generateKeyPair().publicKeyHex);
  });

  it('come from entropy by the SLIP-0010 master key', () => {
    const seed = seedFromEntropy(new Uint8Array(32).fill(0x2a));
    expect(bytesToHex(seed)).toBe('d25187cf0dd63d40e58efaa7687dc4c337a7f3e9fe117f7e835935afc71cd435');
    expect(keyPairFromSeed(seed).publicKeyHex).toBe(
      '787c1dd43f859acc70ada46e7ca35a2cf75e2ca265a7a1e6db9b3e34de7507cb',
    );
    expect(keyPairFromSeed(seedFromEntropy(new Uint8Array(32))).publicKeyHex).toBe(
      '4a93078bcabea4de4984fe077b1b22343525f538f0edf31c30c297d087411ef2',
    );
  });
});

describe('phrases', () => {
  it('give their seed, however they are spaced and whatever their case', () => {
    const seed = '560f9f3c94558b6551928bb781cf6092c6b8800b4fc544af2c9444ed126d51aa';
    expect(bytesToHex(seedFromPhrase(ABANDON))).toBe(seed);
    expect(bytesToHex(seedFromPhrase(` ${ABANDON.toUpperCase().replaceAll(' ', '\n ')}\n`))).toBe(seed);
    expect(keyPairFromSeed(seed).publicKeyHex).toBe(
      'e96b1c6b8769fdb0b34fbecfdf85c33b053cecad9517e1ab88cba614335775c1',
    );
  });

  // The phrases of zero entropy.
  it.each([
    ['traditional and simplified Chinese', `${'的 '.repeat(11)}在`],
    ['French', `${'abaisser '.repeat(11)}abeille`],
    ['Italian', `${'abaco '.repeat(11)}abete`],
    ['Japanese', `${'あいこくしん　'.repeat(11)}あおぞら`],
    ['Korean', `${'가격 '.repeat(11)}가능`],
    ['Spanish', `${'ábaco '.repeat(11)}abierto`],
  ])('are read in %s', (_language, phrase) => {
    expect(seedFromPhrase(phrase)).toHaveLength(32);
  });

  it.each([12, 15, 18, 21, 24] as const)('of %i words can be made and read', (words) => {
    const phrase = generatePhrase(words);
    expect(phrase.split(' ')).toHaveLength(words);
    expect(seedFromPhrase(phrase)).toHaveLength(32);
  });

  it('are refused with a wrong checksum, word or number of words', () => {
    expect(() => seedFromPhrase(`${'abandon '.repeat(11)}abandon`)).toThrow('wrong word');
    expect(() => seedFromPhrase(ABANDON.replace('about', 'abouts'))).toThrow('wrong word');
    expect(() => seedFromPhrase('abandon about')).toThrow('not 2');
    expect(() => seedFromPhrase(' ')).toThrow('not 0');
  });
});

describe('PEM', () => {
  const uid = 'MCowBQYDK2VwAyEAA6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=';
  const body = 'MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f';

  it('of public keys is written and read, also as one line', () => {
    expect(publicKeyToUid(K.publicKey)).toBe(uid);
    expect(publicKeyToPem(K.publicKey)).toBe(
      `-----BEGIN PUBLIC KEY-----\n${uid}\n-----END PUBLIC KEY-----\n`,
    );
    expect(publicKeyFromPem(uid)).toEqual(K.publicKey);
    expect(publicKeyFromPem(publicKeyToPem(K.publicKey).replaceAll('\n', '\r\n'))).toEqual(K.publicKey);
  });

  it('of private keys is written as PKCS#8 version 1 with CRLF', () => {
    expect(seedToPem(K.seed)).toBe(`-----BEGIN PRIVATE KEY-----\r\n${body}\r\n-----END PRIVATE KEY-----\r\n`);
    expect(seedFromPem(seedToPem(K.seed))).toEqual(K.seed);
    expect(seedFromPem(seedToPem(K.seed).replaceAll('\r', ''))).toEqual(K.seed);
  });

  const pemOf = (der: string) =>
    `-----BEGIN PRIVATE KEY-----\n${Buffer.from(der, 'hex').toString('base64')}\n-----END PRIVATE KEY-----`;
  const v2 = (publicKey: string) => `3051020101300506032b657004220420${SEED}812100${publicKey}`;

  it('of private keys is read as version 2, with either tag of the public key', () => {
    expect(seedFromPem(pemOf(v2(K.publicKeyHex)))).toEqual(K.seed);
    const explicit = `3053020101300506032b657004220420${SEED}a123032100${K.publicKeyHex}`;
    expect(seedFromPem(pemOf(explicit))).toEqual(K.seed);
  });

  it('is read by and from another implementation', () => {
    const { createPrivateKey, createPublicKey } = process.getBuiltinModule('node:crypto');
    const key = createPrivateKey(seedToPem(K.seed));
    expect(publicKeyFromPem(String(createPublicKey(key).export({ type: 'spki', format: 'pem' })))).toEqual(
      K.publicKey,
    );
    expect(seedFromPem(String(key.export({ type: 'pkcs8', format: 'pem' })))).toEqual(K.seed);
  });

  it.each([
    ['a public key that belongs to another seed', () => seedFromPem(pemOf(v2('11'.repeat(32))))],
    ['bytes after the key', () => seedFromPem(pemOf(`302e020100300506032b657004220420${SEED}00`))],
    ['another algorithm', () => seedFromPem(pemOf(`302e020100300506032b656e04220420${SEED}`))],
    ['another version', () => seedFromPem(pemOf(`302e020102300506032b657004220420${SEED}`))],
    ['a cut key', () => seedFromPem(pemOf(`302e020100300506032b657004220420${SEED.slice(2)}`))],
    ['a public key as private', () => seedFromPem(publicKeyToPem(K.publicKey))],
    ['a private key as public', () => publicKeyFromPem(seedToPem(K.seed))],
    ['no key', () => publicKeyFromPem('hello')],
  ])('refuses %s', (_what, read) => {
    expect(read).toThrow(SyntaxError);
  });
});
