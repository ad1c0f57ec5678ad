import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { ownerOf, readersOf } from '@decent-cloud/messages';
import type { MsgHdrs } from '@nats-io/transport-node';
import type { ServiceKeys } from './service-keys.ts';

/** A fact, as its reader finds it. */
export interface SaidFact {
  readonly subject: string;
  /** Its `Nats-Msg-Id`, by which a reader knows that it has processed it. */
  readonly id: string;
  readonly payload: string | Uint8Array;
}

const headerOf = (reader: string): string => `Dc-Said-To-${reader}`;

/**
 * Header fields that show each reader of a fact who published it: an HMAC-SHA256 for each, with the key that the two share. So
 * no reader can say it to another.
 */
export function signFact(keys: ServiceKeys, fact: SaidFact): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const reader of readersOf(fact.subject)) {
    const key = keys.tells.get(reader);
    if (key) fields[headerOf(reader)] = macOf(key, fact).toString('base64url');
  }
  return fields;
}

/** Was this published to `reader` by the service whose subject it is? */
export function isSaidByItsOwner(
  keys: ServiceKeys,
  reader: string,
  fact: SaidFact,
  headers: MsgHdrs | undefined,
): boolean {
  const key = keys.hears.get(ownerOf(fact.subject));
  if (!key) return false;
  const given = Buffer.from(headers?.get(headerOf(reader)) ?? '', 'base64url');
  const wanted = macOf(key, fact);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** Neither subjects nor ids can have a line break: one is a subject, the other a header value. */
function macOf(key: KeyObject, { subject, id, payload }: SaidFact): Buffer {
  return createHmac('sha256', key).update(`${subject}\n${id}\n`).update(payload).digest();
}
