const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Bytes as lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** Hex of even length, any case, without prefix, as bytes. Throws RangeError otherwise. */
export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || /[^0-9a-fA-F]/.test(text))
    throw new RangeError('not a hex string of even length');
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16);
  }
  return bytes;
}

/** A time-ordered UUID (RFC 9562, version 7): ids of messages, commands and operations. */
export function uuidV7(nowNs: bigint): string {
  const time = (nowNs / 1_000_000n).toString(16).padStart(12, '0');
  const bytes = takeRandomBytes(10);
  bytes[0] = ((bytes[0] as number) & 0x0f) | 0x70;
  bytes[2] = ((bytes[2] as number) & 0x3f) | 0x80;
  const hex = toHex(bytes);
  return `${time.slice(0, 8)}-${time.slice(8)}-${hex.slice(0, 4)}-${hex.slice(4, 8)}-${hex.slice(8)}`;
}

const randomBytes = new Uint8Array(1_000);
let takenBytes = randomBytes.length;

/** For ids, never for keys. Fetched many at a time: one by one, fetching costs more than all the rest of an id. */
function takeRandomBytes(count: number): Uint8Array {
  if (takenBytes + count > randomBytes.length) {
    globalThis.crypto.getRandomValues(randomBytes);
    takenBytes = 0;
  }
  takenBytes += count;
  return randomBytes.subarray(takenBytes - count, takenBytes);
}

/** A random id of 32 hex characters, as accounts and keys have them. */
export function randomId(): string {
  return globalThis.crypto.randomUUID().replaceAll('-', '');
}
