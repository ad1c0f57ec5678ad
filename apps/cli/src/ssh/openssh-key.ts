import { randomBytes } from 'node:crypto';
import type { KeyPair } from '@decent-cloud/identity';

const TYPE = 'ssh-ed25519';
const BLOCK_BYTES = 8;

const field = (value: string | Uint8Array): Buffer => {
  const bytes = Buffer.from(value as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

const publicBlob = (keyPair: KeyPair): Buffer => Buffer.concat([field(TYPE), field(keyPair.publicKey)]);

/** The line of a `.pub` file. */
export function printSshPublicKey(keyPair: KeyPair, comment: string): string {
  return `${TYPE} ${publicBlob(keyPair).toString('base64')} ${comment}`;
}

/** The private key file as OpenSSH writes it (PROTOCOL.key), without passphrase. */
export function printSshPrivateKey(keyPair: KeyPair, comment: string): string {
  const check = randomBytes(4);
  const secret = Buffer.concat([
    check,
    check,
    field(TYPE),
    field(keyPair.publicKey),
    field(Buffer.concat([keyPair.seed, keyPair.publicKey])),
    field(comment),
  ]);
  const padding = (BLOCK_BYTES - (secret.length % BLOCK_BYTES)) % BLOCK_BYTES;
  const content = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    field('none'),
    field('none'),
    field(''),
    Buffer.of(0, 0, 0, 1),
    field(publicBlob(keyPair)),
    field(Buffer.concat([secret, Buffer.from(Array.from({ length: padding }, (_, index) => index + 1))])),
  ]);
  const lines = content.toString('base64').match(/.{1,70}/g) ?? [];
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join('\n')}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
