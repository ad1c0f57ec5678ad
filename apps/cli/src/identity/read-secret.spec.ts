import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex, keyPairFromSeed, seedToPem } from '@decent-cloud/identity';
import { readSecret } from './read-secret.ts';

const SEED = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const { seed } = keyPairFromSeed(SEED);
const pem = seedToPem(seed);
const key = createPrivateKey(pem);
const encrypted = key
  .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open it' })
  .toString();
const hexOf = (text: string, passphrase?: string) => {
  const secret = readSecret(text, passphrase);
  return typeof secret === 'string' ? secret : bytesToHex(secret);
};

test.each<[string, string]>([
  ['hex', ` ${SEED}\n`],
  ['a PEM', pem],
  [
    'a PEM as `openssl pkcs12 -nodes` writes it',
    `Bag Attributes\r\n    localKeyID: 0A 1B\r\nKey Attributes: <No Attributes>\r\n${pem}Bag Attributes\nsubject=CN = me\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n`,
  ],
  [
    'a PEM after the certificate and the public key that it belongs to',
    `-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n${pem}`,
  ],
])('%s is read', (_what, text) => {
  expect(hexOf(text)).toBe(SEED);
});

test('an encrypted PEM opens with its passphrase', () => {
  expect(hexOf(encrypted, 'open it')).toBe(SEED);
  expect(() => hexOf(encrypted)).toThrow(expect.objectContaining({ reason: 'PASSPHRASE_MISSING' }));
  expect(() => hexOf(encrypted, 'shut')).toThrow(expect.objectContaining({ reason: 'PASSPHRASE_WRONG' }));
});

describe('files of ssh-keygen', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'dc-secret-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const made = (name: string, type: string, passphrase: string): string => {
    const file = join(folder, name);
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', 'spec', '-f', file]);
    return file;
  };
  const publicKeyOf = (file: string) =>
    Buffer.from(readFileSync(`${file}.pub`, 'utf8').split(' ')[1] ?? '', 'base64')
      .subarray(-32)
      .toString('hex');

  test.each(['', 'open it'])('are read, with the passphrase %j', (passphrase) => {
    const file = made(`key${passphrase.length}`, 'ed25519', passphrase);
    const text = readFileSync(file, 'utf8');
    const secret = hexOf(text, passphrase === '' ? undefined : passphrase);
    expect(keyPairFromSeed(secret).publicKeyHex).toBe(publicKeyOf(file));
    if (passphrase === '') return;
    expect(() => hexOf(text)).toThrow(expect.objectContaining({ reason: 'PASSPHRASE_MISSING' }));
    expect(() => hexOf(text, 'shut')).toThrow(expect.objectContaining({ reason: 'PASSPHRASE_WRONG' }));
  });

  test('of another type are named', () => {
    expect(() => hexOf(readFileSync(made('ecdsa', 'ecdsa', ''), 'utf8'))).toThrow(/ecdsa-sha2-nistp256/);
    expect(() => hexOf(readFileSync(`${made('public', 'ed25519', '')}.pub`, 'utf8'))).toThrow(
      /public SSH key/,
    );
  });
});

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
test.each<[string, string, RegExp]>([
  ['a public key', rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString(), /a public key/],
  ['an RSA key', rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(), /another kind/],
  ['a PuTTY file', 'PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n', /PuTTY/],
  ['DER', '0\uFFFD\u0001', /no text/],
  ['a certificate', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----', /a certificate/],
  ['nothing', '', /no secret key/],
])('%s is called what it is', (_what, text, said) => {
  expect(() => readSecret(text, undefined)).toThrow(said);
});

test('exported keys are PKCS#8 of version 1, which every reader takes', () => {
  const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  expect(der.subarray(0, 5).toString('hex')).toBe('302e020100');
  expect(der).toHaveLength(48);
  expect(key.asymmetricKeyType).toBe('ed25519');
});
