/** Networks that lead nowhere on the public internet, or to what only the asking machine may see. */
const NOT_PUBLIC = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  // A cloud's own services for its machines, at an address that looks public.
  '168.63.129.16/32',
].map((network) => {
  const [address = '', bits] = network.split('/');
  const size = 2 ** (32 - Number(bits));
  const first = read(address) ?? 0;
  return { first, last: first + size - 1 };
});

/** An IPv4 address, in its usual form, that anybody on the internet may be sent to. */
export function isPublicIpv4(text: string): boolean {
  const address = read(text);
  return address !== undefined && !NOT_PUBLIC.some(({ first, last }) => address >= first && address <= last);
}

/** Four decimal numbers without leading zeros: some readers take those for octal. */
function read(text: string): number | undefined {
  const parts = text.split('.');
  const isUsual = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part));
  const numbers = parts.map(Number);
  if (!isUsual || numbers.some((number) => number > 255)) return undefined;
  return numbers.reduce((address, number) => address * 256 + number, 0);
}
