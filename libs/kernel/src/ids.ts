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
  const bytes = globalThis.crypto.getRandomValues(new Uint8Array(16));
  const ms = nowNs / 1_000_000n;
  for (let index = 0; index < 6; index++) bytes[index] = Number((ms >> BigInt(8 * (5 - index))) & 0xffn);
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  const hex = toHex(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** A random id of 32 hex characters, as accounts and keys have them. */
export function randomId(): string {
  return globalThis.crypto.randomUUID().replaceAll('-', '');
}
