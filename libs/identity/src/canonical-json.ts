const DEEPEST = 64;

/**
 * JSON with one spelling: members sorted by their names, no spaces, whole numbers only. Members that are undefined are
 * left out, as JSON does.
 * @throws TypeError for anything else that JSON would change or round: fractions, NaN, bigint, dates, nested too deep.
 */
export function printCanonicalJson(value: unknown): string {
  return print(value, 0);
}

function print(value: unknown, depth: number): string {
  if (depth > DEEPEST) throw new TypeError('nested too deep to be signed');
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return JSON.stringify(value);
  if (Array.isArray(value)) {
    return `[${Array.from(value, (item) => print(item, depth + 1)).join(',')}]`;
  }
  if (typeof value !== 'object' || ![Object.prototype, null].includes(Object.getPrototypeOf(value))) {
    throw new TypeError(`a ${typeof value} that is no whole number cannot be signed`);
  }
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${print(member, depth + 1)}`);
  return `{${members.join(',')}}`;
}
