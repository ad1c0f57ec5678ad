const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;
/** What programs read as a number at the end of a name makes all of it an IPv4 address to them. */
const NUMBER = /^(\d+|0x[0-9a-f]*)$/i;

/** The four bytes of `192.0.2.7`; undefined for anything else, short and hexadecimal spellings too. */
function ipv4Bytes(text: string): number[] | undefined {
  const parts = text.split('.');
  const bytes = parts.map(Number);
  const isPlain = parts.every(
    (part, index) => part === String(bytes[index]) && (bytes[index] as number) <= 255,
  );
  return parts.length === 4 && isPlain ? bytes : undefined;
}

/** The eight groups of an IPv6 address without a zone; undefined for anything else. */
function ipv6Groups(text: string): number[] | undefined {
  const tail = /(^|:)(\d+\.\d+\.\d+\.\d+)$/.exec(text)?.[2];
  const bytes = tail === undefined ? undefined : ipv4Bytes(tail);
  if (tail !== undefined && !bytes) return undefined;
  const [b0 = 0, b1 = 0, b2 = 0, b3 = 0] = bytes ?? [];
  const words = bytes ? `${((b0 << 8) | b1).toString(16)}:${((b2 << 8) | b3).toString(16)}` : '';
  const plain = tail === undefined ? text : text.slice(0, -tail.length) + words;
  const halves = plain.split('::');
  if (halves.length > 2) return undefined;
  const groupsOf = (half: string) => (half === '' ? [] : half.split(':'));
  const [head, rest] = [groupsOf(halves[0] ?? ''), groupsOf(halves[1] ?? '')];
  const missing = 8 - head.length - rest.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...rest];
  return groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))
    ? groups.map((group) => Number.parseInt(group, 16))
    : undefined;
}

/** An IP address, or a name as DNS has it: nothing that a shell, a terminal or a program reads as something else. */
export function isHostAddress(text: string): boolean {
  if (text.includes(':')) return ipv6Groups(text) !== undefined;
  const labels = text.split('.');
  if (NUMBER.test(labels.at(-1) ?? '')) return ipv4Bytes(text) !== undefined;
  return text.length <= 253 && labels.every((label) => LABEL.test(label));
}

export const isIpv6Address = (text: string): boolean => ipv6Groups(text) !== undefined;

/** Of this host, of its link, of a private network, or of nobody: not of a host that everybody reaches. */
export function isPrivateAddress(text: string): boolean {
  const bytes = ipv4Bytes(text);
  if (bytes) return isPrivateIpv4(bytes);
  const groups = ipv6Groups(text);
  if (!groups) return /(^|\.)(localhost|local|internal)$/i.test(text);
  const [first = 0] = groups;
  const isEmbedded = groups.slice(0, 5).every((group) => group === 0) && [0, 0xffff].includes(groups[5] ?? 0);
  if (isEmbedded) {
    const [high = 0, low = 0] = groups.slice(6);
    return high === 0 || isPrivateIpv4([high >> 8, high & 255, low >> 8, low & 255]);
  }
  return (first & 0xfe00) === 0xfc00 || (first & 0xffc0) === 0xfe80 || first >= 0xff00;
}

function isPrivateIpv4([first = 0, second = 0]: readonly number[]): boolean {
  if (first === 0 || first === 10 || first === 127 || first >= 224) return true;
  if (first === 100) return second >= 64 && second < 128;
  if (first === 169) return second === 254;
  if (first === 172) return second >= 16 && second < 32;
  return first === 192 && second === 168;
}
