import { BackendError } from '../backend.ts';

const LONGEST_LINE = 16_384;
const SHORTEST_RSA_BITS = 2_048;
const LINE = /^(\S+) ([A-Za-z0-9+/]+={0,2})(?: [^\p{Cc}]*)?$/u;
const TYPES = new Set([
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
]);

/** The lines that may stand in a machine's authorized_keys: one key, no options, nothing weak. */
export function usableKeyLines(lines: readonly string[]): string[] {
  return [...new Set(lines.map((line) => line.trim()).filter(isUsable))];
}

/** @throws BackendError when none of them may */
export function mustHaveUsableKeys(given: readonly string[]): string[] {
  const lines = usableKeyLines(given);
  if (lines.length > 0) return lines;
  throw new BackendError({
    class: 'config',
    code: 'SSH_KEY_UNUSABLE',
    message: 'none of the SSH keys can be used on this machine',
  });
}

function isUsable(line: string): boolean {
  const [, type = '', base64 = ''] = LINE.exec(line) ?? [];
  if (line.length > LONGEST_LINE || !TYPES.has(type)) return false;
  const fields = fieldsOf(Buffer.from(base64, 'base64'));
  if (!fields || fields.length < 2 || fields[0]?.toString('latin1') !== type) return false;
  if (type === 'ssh-ed25519') return fields[1]?.length === 32;
  return type !== 'ssh-rsa' || (fields.length === 3 && bitsOf(fields[2] as Buffer) >= SHORTEST_RSA_BITS);
}

/** The length-framed fields of a key; undefined when they do not fill it exactly. */
function fieldsOf(blob: Buffer): Buffer[] | undefined {
  const fields: Buffer[] = [];
  let at = 0;
  while (at + 4 <= blob.length) {
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) return undefined;
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  return at === blob.length ? fields : undefined;
}

function bitsOf(number: Buffer): number {
  const first = number.findIndex((byte) => byte !== 0);
  if (first < 0) return 0;
  return (number.length - first) * 8 - Math.clz32(number[first] as number) + 24;
}
