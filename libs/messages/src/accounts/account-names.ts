import { z } from 'zod';

/** Names that mean something to the platform or in its paths. */
const RESERVED: ReadonlySet<string> = new Set(
  'admin api system root support moderator administrator test null undefined decent cloud me keys accounts billing recovery verify-email resend-verification'.split(
    ' ',
  ),
);
/** A name with one of these words in it looks like that of somebody who speaks for the platform. */
const OFFICIAL: ReadonlySet<string> = new Set(
  'admin admins administrator administrators administration support helpdesk moderator moderators staff official security billing abuse root system sysadmin superuser operator noreply postmaster webmaster hostmaster deleted decentcloud'.split(
    ' ',
  ),
);
const LOOKS_LIKE: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
};

/** Whether a name could be taken for one of the platform's own: `support-team`, `admin1`, `4dmin`, `no-reply`, `deleted`. */
export function looksOfficial(username: string): boolean {
  const name = username.toLowerCase();
  if (RESERVED.has(name)) return true;
  const words = name.split(/[._@-]+/);
  return [...words, words.join('')].some((word) => isOfficial(word));
}

function isOfficial(word: string): boolean {
  const withoutDigits = word.replaceAll(/^\d+|\d+$/g, '');
  const spelledOut = word.replaceAll(/\d/g, (digit) => LOOKS_LIKE[digit] ?? digit);
  return [word, withoutDigits, spelledOut].some((one) => OFFICIAL.has(one));
}

const USERNAME = /^[a-zA-Z0-9][a-zA-Z0-9._@-]{1,62}[a-zA-Z0-9]$/;
const USERNAME_RULE =
  'Username must start and end with alphanumeric character and contain only letters, numbers, period, underscore, hyphen, or at-sign';

/** The name of a new account: trimmed, 3 to 64 characters. */
export const newUsername = () =>
  z
    .string()
    .trim()
    .min(3, { error: 'Username must be at least 3 characters', abort: true })
    .max(64, { error: 'Username must be at most 64 characters', abort: true })
    .regex(USERNAME, { error: USERNAME_RULE, abort: true })
    .refine((name) => !looksOfficial(name), { error: 'Username is reserved' });
