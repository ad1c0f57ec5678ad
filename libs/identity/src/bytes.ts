import { bytesToHex, concatBytes, hexToBytes as decodeHex } from '@noble/hashes/utils.js';

export { bytesToHex, concatBytes };

/** Keys and signatures may be given either way; text is hex of any case. */
export type HexOrBytes = string | Uint8Array;

/** Hex of any case and even length, without `0x`. @throws when it is not that. */
export const hexToBytes = (hex: string): Uint8Array => decodeHex(hex);

/** Bytes of exactly this length. @throws RangeError or the hex decoder's error. */
export function toBytes(value: HexOrBytes, length: number, what: string): Uint8Array {
  const bytes = typeof value === 'string' ? hexToBytes(value) : value;
  if (bytes.length !== length) throw new RangeError(`${what} must have ${length} bytes, not ${bytes.length}`);
  return bytes;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Padded standard base64, nothing else. @throws SyntaxError */
export function base64ToBytes(text: string): Uint8Array {
  if (!BASE64.test(text)) throw new SyntaxError('not base64');
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  // Unused bits that are set would give two texts for the same bytes.
  if (bytesToBase64(bytes) !== text) throw new SyntaxError('not base64');
  return bytes;
}

export function bytesToBase64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Whether two byte strings are equal; for public values, not constant in time. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
