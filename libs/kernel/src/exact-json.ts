import { scanJson } from './scan-json.ts';

/**
 * JSON with exact integers: a whole number beyond 2^53 is read as bigint and a bigint is printed as a bare number.
 * Smaller integers stay `number`, so schemas must accept both (`int64()` in messages).
 */
const INTEGER = /^-?\d+$/;
/** Deeper than anything that travels; what walks a value walks it recursively. */
const DEEPEST = 128;

type JsonWithRaw = typeof JSON & { rawJSON(text: string): unknown };
type ReviverWithSource = (key: string, value: unknown, context: { source?: string }) => unknown;

const exactReviver: ReviverWithSource = (_key, value, context) =>
  typeof value === 'number' &&
  !Number.isSafeInteger(value) &&
  context.source !== undefined &&
  INTEGER.test(context.source)
    ? BigInt(context.source)
    : value;

/**
 * Parses JSON text, in time that grows with its length and no faster.
 * @throws SyntaxError as JSON.parse does, and for integers of more than 20 digits, numbers of more than 400 characters or
 * too large for a double, and values nested deeper than `deepest`
 */
export function parseExactJson(text: string, deepest = DEEPEST): unknown {
  return scanJson(text, deepest).hasLongInteger
    ? JSON.parse(text, exactReviver as (key: string, value: unknown) => unknown)
    : JSON.parse(text);
}

const bigintAsRawNumber = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? (JSON as JsonWithRaw).rawJSON(value.toString()) : value;

/** Prints a value as JSON; bigints become bare integers, undefined members are omitted. */
export function printExactJson(value: unknown): string {
  return JSON.stringify(value, bigintAsRawNumber);
}
