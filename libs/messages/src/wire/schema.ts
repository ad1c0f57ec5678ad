import { REASON_WORDS, type Reason } from '@decent-cloud/kernel';
import { z } from 'zod';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** A 64-bit integer on the wire: a bare JSON integer of any size, bigint inside. */
export const int64 = (min: bigint = INT64_MIN, max: bigint = INT64_MAX) =>
  z
    .union([z.bigint(), z.int()])
    .transform((value) => BigInt(value))
    .refine((value) => value >= min && value <= max, {
      error: `must be an integer from ${min} to ${max}`,
    })
    .meta({ override: { type: 'integer', format: 'int64' } });

/** An integer that fits a double exactly (counts, hours, ports). */
export const int32 = (min = -2147483648, max = 2147483647) =>
  z
    .int()
    .min(min)
    .max(max)
    .meta({ override: { type: 'integer', format: 'int32', minimum: min, maximum: max } });

const hex = (length: number, what: string) =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-fA-F]{${length}}$`), { error: `must be ${what}: ${length} hex characters` })
    .transform((text) => text.toLowerCase());

/** An Ed25519 public key: 64 hex characters, given back in lower case. */
export const publicKeyHex = () => hex(64, 'a public key');
/** A contract id: 64 hex characters. */
export const contractIdHex = () => hex(64, 'a contract id');
/** An account or key id: 32 hex characters. */
export const idHex = () => hex(32, 'an id');

const DECIMAL_INTEGER = /^-?\d{1,15}$/;
const DECIMAL = /^-?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})(?:[eE][+-]?\d{1,2})?$/;

/** The number that a text is in decimal; NaN for everything else that `Number` reads, such as `0x10`, ` 7` and the empty text. */
const decimal = (value: number | string, form: RegExp): number =>
  typeof value === 'number' || form.test(value) ? Number(value) : Number.NaN;

/** A query parameter holding an integer. Written out because `z.coerce` makes the client's input unknown. */
export const queryInt = (min: number, max: number, fallback: number) =>
  z
    .union([z.number(), z.string()])
    .optional()
    .transform((value, context) => {
      if (value === undefined || value === '') return fallback;
      const number = decimal(value, DECIMAL_INTEGER);
      if (Number.isInteger(number) && number >= min && number <= max) return number;
      context.addIssue({ code: 'custom', message: `must be an integer from ${min} to ${max}` });
      return z.NEVER;
    })
    .meta({ override: { type: 'integer', format: 'int64', default: fallback, minimum: min, maximum: max } });

/** A query parameter holding `true` or `false`. */
export const queryBoolean = (fallback: boolean) =>
  z
    .union([z.boolean(), z.enum(['true', 'false', '1', '0'])])
    .optional()
    .transform((value) =>
      value === undefined ? fallback : value === true || value === 'true' || value === '1',
    )
    .meta({ override: { type: 'boolean', default: fallback } });

/** A path parameter holding a positive 64-bit integer id. */
export const pathInt64 = () =>
  z
    .union([z.bigint(), z.number(), z.string()])
    .transform((value, context) => {
      if (/^\d{1,19}$/.test(String(value)) && BigInt(value) <= INT64_MAX) return BigInt(value);
      context.addIssue({ code: 'custom', message: 'must be a positive integer' });
      return z.NEVER;
    })
    .meta({ override: { type: 'integer', format: 'int64' } });

/** A query parameter holding a decimal number (prices). */
export const queryNumber = (min: number, max: number) =>
  z
    .union([z.number(), z.string()])
    .optional()
    .transform((value, context) => {
      if (value === undefined || value === '') return undefined;
      const number = decimal(value, DECIMAL);
      if (Number.isFinite(number) && number >= min && number <= max) return number;
      context.addIssue({ code: 'custom', message: `must be a number from ${min} to ${max}` });
      return z.NEVER;
    })
    .meta({ override: { type: 'number', format: 'double', minimum: min, maximum: max } });

/** `cursor` is text that continues a list; `limit`/`offset` go on working for old clients. */
export const pageQuery = (maxLimit = 200, defaultLimit = 50) => ({
  limit: queryInt(1, maxLimit, defaultLimit),
  offset: queryInt(0, 1_000_000, 0),
  cursor: z.string().max(256).optional(),
});

/** A member that may be absent or null in a request: read as absent. */
export const optionalIn = <S extends z.ZodType>(schema: S) =>
  schema.nullish().transform((value) => value ?? undefined);

/** A word of a list as it is read: a newer sender may have more of them. */
export type Word<W extends string> = W | (string & Record<never, never>);

/** One of a list of words: senders can write no other one, readers take every one as it is. */
export const word = <const W extends string>(words: readonly W[], longest = 256): z.ZodType<Word<W>, W> =>
  z
    .string()
    .max(longest)
    .meta({ override: { type: 'string', enum: [...words] } }) as unknown as z.ZodType<Word<W>, W>;

/** The same where the sender passes on what another one has said. */
export const relayedWord = <const W extends string>(words: readonly W[]): z.ZodType<Word<W>> => word(words);

/** The word of a list that this is; undefined for one of a newer sender. */
export const knownWord = <W extends string>(words: readonly W[], text: string | undefined): W | undefined =>
  words.find((known) => known === text);

/** A reason of the catalogue. */
export const reason = () => word<Reason>(REASON_WORDS);
