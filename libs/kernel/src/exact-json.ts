/**
 * JSON with exact integers: a whole number beyond 2^53 is read as bigint and a bigint is printed as a bare number.
 * Smaller integers stay `number`, so schemas must accept both (`int64()` in messages).
 */
const MAYBE_UNSAFE_INTEGER = /\d{16}/;
const INTEGER = /^-?\d+$/;

type JsonWithRaw = typeof JSON & { rawJSON(text: string): unknown };
type ReviverWithSource = (key: string, value: unknown, context: { source?: string }) => unknown;

const exactReviver: ReviverWithSource = (_key, value, context) =>
  typeof value === 'number' &&
  !Number.isSafeInteger(value) &&
  context.source !== undefined &&
  INTEGER.test(context.source)
    ? BigInt(context.source)
    : value;

/** Parses JSON text. Throws SyntaxError as JSON.parse does. */
export function parseExactJson(text: string): unknown {
  return MAYBE_UNSAFE_INTEGER.test(text)
    ? JSON.parse(text, exactReviver as (key: string, value: unknown) => unknown)
    : JSON.parse(text);
}

const bigintAsRawNumber = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? (JSON as JsonWithRaw).rawJSON(value.toString()) : value;

/** Prints a value as JSON; bigints become bare integers, undefined members are omitted. */
export function printExactJson(value: unknown): string {
  return JSON.stringify(value, bigintAsRawNumber);
}
