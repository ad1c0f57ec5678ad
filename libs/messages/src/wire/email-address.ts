import { z } from 'zod';

/** RFC 5321: characters of the part before the at-sign, in pieces with single dots between. */
const LOCAL = /^[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const LONGEST_LOCAL = 64;
const LONGEST = 255;

/**
 * An e-mail address in the one form in which it is kept and compared: its domain in small letters, names of other scripts
 * as they travel (`xn--…`). Undefined when it is none.
 */
export function parseEmailAddress(text: string): string | undefined {
  const at = text.lastIndexOf('@');
  const local = text.slice(0, at);
  const domain = asciiDomain(text.slice(at + 1));
  if (at < 1 || local.length > LONGEST_LOCAL || !LOCAL.test(local) || domain === undefined) return undefined;
  const address = `${local}@${domain}`;
  return address.length <= LONGEST ? address : undefined;
}

/** Two labels or more, of which the last is no number. */
function asciiDomain(domain: string): string | undefined {
  // What a URL would read as something else than a name: ports, users, paths, percent-encoded characters.
  if (!/^[\p{L}\p{M}\p{N}.-]+$/u.test(domain)) return undefined;
  const ascii = URL.parse(`http://${domain}/`)?.hostname ?? '';
  const labels = ascii.split('.');
  const top = labels.at(-1) ?? '';
  const isName = labels.length >= 2 && top.length >= 2 && !/^\d+$/.test(top);
  return isName && labels.every((label) => LABEL.test(label)) ? ascii : undefined;
}

/** An e-mail address: trimmed, at most 255 characters. */
export const emailAddress = () =>
  z
    .string()
    .trim()
    .min(1, { error: 'Email cannot be empty', abort: true })
    .max(LONGEST, { error: 'Email is too long (max 255 characters)', abort: true })
    .transform((text, context) => {
      const address = parseEmailAddress(text);
      if (address !== undefined) return address;
      context.addIssue({ code: 'custom', message: 'Invalid email format' });
      return z.NEVER;
    })
    .meta({ override: { type: 'string' } });
