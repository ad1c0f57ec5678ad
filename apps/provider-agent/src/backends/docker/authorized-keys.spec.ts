import { generateKeyPairSync } from 'node:crypto';
import ssh2 from 'ssh2';
import { usableKeyLines } from './authorized-keys.ts';

const ed25519 = ssh2.utils.generateKeyPairSync('ed25519', { comment: 'me@home' }).public;
const ecdsa = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 }).public;
const rsa = (bits: number) => ssh2.utils.generateKeyPairSync('rsa', { bits }).public;

test('keys of the present kinds are taken, each once', () => {
  const strong = rsa(2_048);
  expect(usableKeyLines([ed25519, ` ${ed25519}\n`, ecdsa, strong])).toEqual([
    ed25519,
    ecdsa.trim(),
    strong.trim(),
  ]);
});

test.each([
  ['options', `command="sh" ${ed25519}`],
  ['a second line', `${ed25519}\nssh-ed25519 AAAA`],
  ['half a key', ed25519.slice(0, 40)],
  ['another type than its blob', ed25519.replace('ssh-ed25519', 'ssh-rsa')],
  ['a kind that is not taken any more', 'ssh-dss AAAAB3NzaC1kc3M='],
  ['a weak RSA key', rsa(1_024)],
  ['too long a comment', `${ed25519} ${'x'.repeat(17_000)}`],
  [
    'a private key',
    generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  ],
  ['nothing', ''],
])('%s is left out', (_what, line) => {
  expect(usableKeyLines([line])).toEqual([]);
});
