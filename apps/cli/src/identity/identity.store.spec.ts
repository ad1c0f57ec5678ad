import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair } from '@decent-cloud/identity';
import { IdentityStore } from './identity.store.ts';

let folder: string;
let store: IdentityStore;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'dc-store-')), 'keys');
  store = new IdentityStore(folder);
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

test('a key is kept for its owner only and comes back', () => {
  const keyPair = generateKeyPair();
  const { file } = store.save('me', keyPair, new Date(0));
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(store.load('me').keyPair.publicKeyHex).toBe(keyPair.publicKeyHex);
  expect(store.list().map(({ name }) => name)).toEqual(['me']);
});

test('nothing is overwritten, nothing outside is reached', () => {
  store.save('me', generateKeyPair(), new Date(0));
  expect(() => store.save('me', generateKeyPair(), new Date(0))).toThrow('already');
  for (const name of ['../me', '.hidden', 'a/b', '', 'x'.repeat(65)]) {
    expect(() => store.save(name, generateKeyPair(), new Date(0))).toThrow('is no name');
  }
});

test('a damaged or missing file says what to do', () => {
  expect(() => store.load('nobody')).toThrow('There is no identity "nobody"');
  const { file } = store.save('me', generateKeyPair(), new Date(0));
  const other = generateKeyPair();
  writeFileSync(
    file,
    JSON.stringify({ name: 'me', secret_key_hex: '00'.repeat(32), public_key_hex: other.publicKeyHex }),
  );
  expect(() => store.load('me')).toThrow('do not belong together');
  writeFileSync(file, '{');
  expect(() => store.load('me')).toThrow('is damaged');
});
