import { base64ToBytes, bytesToBase64, bytesToHex, concatBytes, equalBytes, hexToBytes } from './bytes.ts';
import { keyPairFromSeed } from './key-pair.ts';

const SPKI_HEAD = hexToBytes('302a300506032b6570032100');
const PKCS8_HEAD = hexToBytes('302e020100300506032b657004220420');
const ED25519_OID = '06032b6570';

/** The one-line form of a public key: the body of its PEM. */
export function publicKeyToUid(publicKey: Uint8Array): string {
  return bytesToBase64(concatBytes(SPKI_HEAD, publicKey));
}

export function publicKeyToPem(publicKey: Uint8Array): string {
  return `-----BEGIN PUBLIC KEY-----\n${publicKeyToUid(publicKey)}\n-----END PUBLIC KEY-----\n`;
}

/** Reads a PEM of a public key or its one-line form. @throws SyntaxError */
export function publicKeyFromPem(text: string): Uint8Array {
  const der = derOf(text, 'PUBLIC KEY');
  const head = der.subarray(0, SPKI_HEAD.length);
  if (der.length !== SPKI_HEAD.length + 32 || !equalBytes(head, SPKI_HEAD)) {
    throw new SyntaxError('not an Ed25519 public key');
  }
  return der.slice(SPKI_HEAD.length);
}

/** PKCS#8 version 1, with the line ends that existing tools write. */
export function seedToPem(seed: Uint8Array): string {
  const body = bytesToBase64(concatBytes(PKCS8_HEAD, seed));
  return `-----BEGIN PRIVATE KEY-----\r\n${body}\r\n-----END PRIVATE KEY-----\r\n`;
}

/** Reads PKCS#8 version 1 or 2. @throws SyntaxError, also when a public key in it belongs to another seed. */
export function seedFromPem(text: string): Uint8Array {
  const outer = new DerReader(derOf(text, 'PRIVATE KEY'));
  const fields = new DerReader(outer.read(0x30));
  outer.end();
  const version = bytesToHex(fields.read(0x02));
  if (version !== '00' && version !== '01') throw new SyntaxError('unknown version of PKCS#8');
  if (bytesToHex(fields.read(0x30)) !== ED25519_OID) throw new SyntaxError('not an Ed25519 private key');
  const inner = new DerReader(fields.read(0x04));
  const seed = inner.read(0x04).slice();
  inner.end();
  if (seed.length !== 32) throw new SyntaxError('not an Ed25519 private key');
  fields.readOptional(0xa0);
  const publicKey = fields.readOptional(0x81) ?? explicitBitString(fields.readOptional(0xa1));
  fields.end();
  // The first byte counts unused bits.
  if (publicKey && !equalBytes(publicKey, concatBytes(Uint8Array.of(0), keyPairFromSeed(seed).publicKey))) {
    throw new SyntaxError('the public key does not belong to the private key');
  }
  return seed;
}

const explicitBitString = (content: Uint8Array | undefined): Uint8Array | undefined =>
  content && new DerReader(content).read(0x03);

function derOf(text: string, label: string): Uint8Array {
  const match = new RegExp(`^-----BEGIN ${label}-----([\\s\\S]*)-----END ${label}-----$`).exec(text.trim());
  const body = match?.[1] ?? text;
  if (!match && text.includes('-----')) throw new SyntaxError(`not a PEM of a ${label.toLowerCase()}`);
  return base64ToBytes(body.replaceAll(/\s/g, ''));
}

/** Just enough DER for keys: definite lengths below 128. */
class DerReader {
  private at = 0;
  constructor(private readonly bytes: Uint8Array) {}

  read(tag: number): Uint8Array {
    const length = this.bytes[this.at + 1] ?? 0x80;
    const content = this.bytes.subarray(this.at + 2, this.at + 2 + length);
    if (this.bytes[this.at] !== tag || length >= 0x80 || content.length !== length) {
      throw new SyntaxError('not the DER of a key');
    }
    this.at += 2 + length;
    return content;
  }

  readOptional(tag: number): Uint8Array | undefined {
    return this.bytes[this.at] === tag ? this.read(tag) : undefined;
  }

  end(): void {
    if (this.at !== this.bytes.length) throw new SyntaxError('bytes after the key');
  }
}
