import { parseEmailAddress } from '@decent-cloud/messages/wire';

/** RFC 2606 and 6761: nobody can have a mailbox there. */
const RESERVED = /(^|[.@])(test|example|invalid|localhost|local)$|(^|[.@])example\.(com|net|org)$/;

/** One plain address: no name, no list, nothing that could become a header. */
export function isMailAddress(text: string): boolean {
  return parseEmailAddress(text) !== undefined;
}

export function isReservedAddress(address: string): boolean {
  return RESERVED.test(address.toLowerCase());
}
