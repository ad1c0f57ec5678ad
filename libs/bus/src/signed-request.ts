import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { MsgHdrs } from '@nats-io/transport-node';

/** What a request carries beside its body, all of it signed. */
export interface RequestHead {
  /** The asking service. */
  readonly asker: string;
  /** The asking process: `<service>/<id>`. */
  readonly process: string;
  /** By a clock of that process which counts from some moment and is never set. */
  readonly sentMs: number;
  /** For so long after it was sent somebody waits for the answer; past it nothing may begin. */
  readonly waitMs: number;
}

const FROM = 'Dc-From';
const SENT = 'Dc-Sent';
const WAIT = 'Dc-Wait';
const SIGNATURE = 'Dc-Signature';
const MILLISECONDS = /^\d{1,15}(\.\d{1,6})?$/;

/** Header fields that say who asks, when, for how long, and that it was so. */
export function signRequest(
  key: KeyObject,
  head: Omit<RequestHead, 'asker'>,
  subject: string,
  payload: Uint8Array,
): Record<string, string> {
  const from = head.process;
  const sent = head.sentMs.toFixed(3);
  const wait = String(Math.ceil(head.waitMs));
  const signature = macOf(key, [from, sent, wait, subject], payload).toString('base64url');
  return { [FROM]: from, [SENT]: sent, [WAIT]: wait, [SIGNATURE]: signature };
}

/** The head of a request, when its signature fits; undefined when anything about it is not as it must be. */
export function verifyRequest(
  keyOf: (asker: string) => KeyObject | undefined,
  headers: MsgHdrs | undefined,
  subject: string,
  payload: Uint8Array,
): RequestHead | undefined {
  const field = (name: string) => headers?.get(name) ?? '';
  const [from, sent, wait] = [field(FROM), field(SENT), field(WAIT)];
  const [asker = ''] = from.split('/');
  const key = keyOf(asker);
  if (!key || !MILLISECONDS.test(sent) || !MILLISECONDS.test(wait)) return undefined;
  const given = Buffer.from(field(SIGNATURE), 'base64url');
  const wanted = macOf(key, [from, sent, wait, subject], payload);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return undefined;
  return { asker, process: from, sentMs: Number(sent), waitMs: Number(wait) };
}

/** None of the fields can have a line break: they are header values and a subject. */
function macOf(key: KeyObject, fields: readonly string[], payload: Uint8Array): Buffer {
  return createHmac('sha256', key)
    .update(`${fields.join('\n')}\n`)
    .update(payload)
    .digest();
}
