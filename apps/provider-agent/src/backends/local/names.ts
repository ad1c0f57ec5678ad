const PLAIN = /^[A-Za-z0-9._/-]$/;

/** A name of the disk as people and reports can carry it: all but plain signs is written as `%` and two hex digits. */
export function printableName(name: Buffer): string {
  return [...name]
    .map((byte) => {
      const sign = String.fromCharCode(byte);
      return PLAIN.test(sign) ? sign : `%${byte.toString(16).padStart(2, '0').toUpperCase()}`;
    })
    .join('');
}
