import { sha256 } from '@noble/hashes/sha2.js';
import { base64ToBytes, bytesToBase64, utf8 } from './bytes.ts';
import { checkPublicKey } from './check-public-key.ts';

export interface SshPublicKey {
  readonly type: string;
  /** The key as OpenSSH writes it, decoded. */
  readonly blob: Uint8Array;
  /** Empty when there is none. */
  readonly comment: string;
  /** `SHA256:…` as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
}

/** A line that is no acceptable SSH public key; the message says why. */
export class SshKeyError extends Error {
  override readonly name = 'SshKeyError';
}

const LONGEST_BYTES = 16_384;
const SMALLEST_RSA_BITS = 2048;
const LARGEST_RSA_BITS = 16_384;
/** The curve's name and the length of an uncompressed point. */
const CURVES: Readonly<Record<string, readonly [string, number]>> = {
  'ecdsa-sha2-nistp256': ['nistp256', 65],
  'ecdsa-sha2-nistp384': ['nistp384', 97],
  'ecdsa-sha2-nistp521': ['nistp521', 133],
  'sk-ecdsa-sha2-nistp256@openssh.com': ['nistp256', 65],
};
const OTHERS = ['ssh-ed25519', 'ssh-rsa', 'sk-ssh-ed25519@openssh.com'];

const LONGEST_COMMENT = 128;

/**
 * The line that every SSH server reads alike: type, base64, and a comment in printable ASCII, with single blanks between.
 */
export function printSshPublicKeyLine({ type, blob, comment }: SshPublicKey): string {
  const plain = comment
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .slice(0, LONGEST_COMMENT)
    .trim();
  return [type, bytesToBase64(blob), ...(plain === '' ? [] : [plain])].join(' ');
}

/** Reads one line of a public key file. @throws SshKeyError for everything else. */
export function parseSshPublicKey(line: string): SshPublicKey {
  if (utf8(line).length > LONGEST_BYTES) throw new SshKeyError('An SSH key has at most 16 KiB');
  const text = line.trim();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a key file line has none, and they would start a second line.
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(text)) {
    throw new SshKeyError('Give one SSH public key in one line');
  }
  if (text.includes('PRIVATE KEY'))
    throw new SshKeyError('This is a private key: keep it, and give the public one');
  const [type = '', encoded = '', ...comment] = text.split(/\s+/);
  if (type === 'ssh-dss') throw new SshKeyError('DSA keys (ssh-dss) are no longer safe');
  if (!OTHERS.includes(type) && !CURVES[type]) {
    throw new SshKeyError(
      'An SSH public key begins with its type: ssh-ed25519, ssh-rsa or ecdsa-sha2-nistp256; options are not accepted',
    );
  }
  let blob: Uint8Array;
  try {
    blob = base64ToBytes(encoded);
  } catch (cause) {
    throw new SshKeyError('The SSH key is not complete: its second word must be base64', { cause });
  }
  checkBlob(type, new SshReader(blob));
  const fingerprint = `SHA256:${bytesToBase64(sha256(blob)).replaceAll('=', '')}`;
  return { type, blob, comment: comment.join(' '), fingerprint };
}

function checkBlob(type: string, reader: SshReader): void {
  if (new TextDecoder().decode(reader.read()) !== type) {
    throw new SshKeyError('The SSH key says one type and holds another');
  }
  const curve = CURVES[type];
  if (type === 'ssh-rsa') {
    reader.read();
    const bits = bitsOf(reader.read());
    if (bits < SMALLEST_RSA_BITS) {
      throw new SshKeyError(`RSA keys need at least ${SMALLEST_RSA_BITS} bits, this one has ${bits}`);
    }
    if (bits > LARGEST_RSA_BITS) throw new SshKeyError(`RSA keys have at most ${LARGEST_RSA_BITS} bits`);
  } else if (curve) {
    const [name, length] = curve;
    const named = new TextDecoder().decode(reader.read());
    const point = reader.read();
    if (named !== name || point.length !== length || point[0] !== 4) {
      throw new SshKeyError('The SSH key holds no point of its curve');
    }
  } else if (checkPublicKey(reader.read()) !== 'ok') {
    throw new SshKeyError('The SSH key holds no safe Ed25519 key');
  }
  // Keys of security tokens also name their application.
  if (type.startsWith('sk-')) reader.read();
  reader.end();
}

/** Bits of a positive SSH integer; 0 for others. */
function bitsOf(mpint: Uint8Array): number {
  const first = mpint.findIndex((byte) => byte !== 0);
  if (first < 0 || ((mpint[0] as number) & 0x80) !== 0) return 0;
  return (mpint.length - first) * 8 - Math.clz32(mpint[first] as number) + 24;
}

/** Strings with their length in front (RFC 4251 §5). */
class SshReader {
  private at = 0;
  constructor(private readonly bytes: Uint8Array) {}

  read(): Uint8Array {
    const { buffer, byteOffset, byteLength } = this.bytes;
    const room = byteLength - this.at - 4;
    const length = room < 0 ? -1 : new DataView(buffer, byteOffset).getUint32(this.at);
    if (length < 0 || length > room) throw new SshKeyError('The SSH key is cut off');
    this.at += 4 + length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  end(): void {
    if (this.at !== this.bytes.length) throw new SshKeyError('The SSH key has bytes after its end');
  }
}
