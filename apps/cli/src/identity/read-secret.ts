import { createPrivateKey, type KeyObject } from 'node:crypto';
import { seedFromPem, seedFromPhrase } from '@decent-cloud/identity';
import ssh2 from 'ssh2';
import { CliError, EXIT } from '../exit.ts';

/** Blocks of PEM that hold something else than a key of ours, and what helps. */
const OTHERS: readonly (readonly [label: RegExp, what: string, hint: string])[] = [
  [/PUBLIC KEY$/, 'a public key', 'Give the file of the private key: this half signs nothing.'],
  [
    /^(RSA|EC|DSA) PRIVATE KEY$/,
    'a key of another kind',
    'Identities are Ed25519 keys: `openssl genpkey -algorithm ed25519 -out key.pem` makes one.',
  ],
  [/CERTIFICATE$/, 'a certificate', 'Give the file of its private key.'],
  [/^PGP /, 'a PGP key', 'Identities are plain Ed25519 keys: `dc identity generate --name me` makes one.'],
];
const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

/**
 * The seed in what people have: hex, a phrase, a PEM (encrypted too, with other text around it), a file of ssh-keygen.
 * @throws CliError that says what it is instead; never with a part of it
 */
export function readSecret(text: string, passphrase: string | undefined): string | Uint8Array {
  const trimmed = text.trim();
  if (/^[0-9a-fA-F]{64}$/.test(trimmed)) return trimmed;
  const blocks = [...trimmed.matchAll(PEM_BLOCK)].map(([pem, label = '']) => ({ pem, label }));
  const secret = blocks.find(({ label }) => /^((ENCRYPTED|OPENSSH) )?PRIVATE KEY$/.test(label)) ?? blocks[0];
  if (secret) return readBlock(secret.label, secret.pem, passphrase);
  if (/^PuTTY-User-Key-File/.test(trimmed)) {
    throw invalid('a key file of PuTTY', 'Convert it: puttygen KEY.ppk -O private-openssh -o key');
  }
  if (/^[a-z0-9@.-]+\s+AAAA/.test(trimmed)) throw invalid('a public SSH key', 'Give the file without .pub.');
  if (trimmed.includes('\uFFFD')) {
    throw invalid(
      'no text',
      'Convert DER with `openssl pkey -inform DER -in FILE -out key.pem`, PKCS#12 with `openssl pkcs12 -in FILE -nodes -out key.pem`.',
    );
  }
  return attempt(() => seedFromPhrase(trimmed));
}

function readBlock(label: string, pem: string, passphrase: string | undefined): Uint8Array {
  if (label === 'PRIVATE KEY') return attempt(() => seedFromPem(pem));
  if (label === 'ENCRYPTED PRIVATE KEY') {
    if (passphrase === undefined) throw passphraseMissing();
    return seedOfKey(() => createPrivateKey({ key: pem, passphrase }));
  }
  if (label === 'OPENSSH PRIVATE KEY') return readOpenSsh(pem, passphrase);
  const [, what, hint] = OTHERS.find(([known]) => known.test(label)) ?? [];
  throw invalid(what ?? `a PEM of "${label.slice(0, 40)}"`, hint ?? GIVE);
}

function readOpenSsh(pem: string, passphrase: string | undefined): Uint8Array {
  const parsed = ssh2.utils.parseKey(pem, passphrase);
  if (parsed instanceof Error) {
    if (/no passphrase given/.test(parsed.message)) throw passphraseMissing();
    throw passphrase === undefined ? invalid('a broken OpenSSH key', GIVE) : passphraseWrong();
  }
  if (parsed.type !== 'ssh-ed25519') {
    const hint = 'Identities are Ed25519 keys: `ssh-keygen -t ed25519 -f key` makes one.';
    throw invalid(`an SSH key of the type ${parsed.type}`, hint);
  }
  return seedOfKey(() => createPrivateKey(parsed.getPrivatePEM()));
}

/** Through the one form that we read. */
function seedOfKey(open: () => KeyObject): Uint8Array {
  let key: KeyObject;
  try {
    key = open();
  } catch {
    // The cause may quote the key.
    throw passphraseWrong();
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw invalid(`a key of the kind ${key.asymmetricKeyType}`, 'Identities are Ed25519 keys.');
  }
  return attempt(() => seedFromPem(key.export({ type: 'pkcs8', format: 'pem' }).toString()));
}

const GIVE =
  'Give 64 hex characters, a PEM or OpenSSH file of an Ed25519 private key, or a phrase of 12 to 24 words.';

const invalid = (what: string, hint: string): CliError =>
  new CliError(EXIT.usage, 'SECRET_KEY_INVALID', `This is no secret key of an identity, but ${what}`, hint);
const passphraseMissing = (): CliError =>
  new CliError(EXIT.usage, 'PASSPHRASE_MISSING', 'This key is encrypted', 'Give --passphrase @FILE.');
const passphraseWrong = (): CliError =>
  new CliError(
    EXIT.usage,
    'PASSPHRASE_WRONG',
    'The key does not open with this passphrase',
    'Try another one.',
  );

function attempt<T>(read: () => T): T {
  try {
    return read();
  } catch {
    // Without the cause: its words might quote a part of the key.
    throw new CliError(EXIT.usage, 'SECRET_KEY_INVALID', 'This is no secret key', GIVE);
  }
}
