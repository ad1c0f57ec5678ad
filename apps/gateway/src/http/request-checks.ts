import type { IncomingMessage } from 'node:http';
import { Refusal } from '@decent-cloud/kernel';
import { HttpProblem } from './problem.ts';

const LONGEST_URL = 8_192;
const BODYLESS = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Two of them, and nobody knows which one the next reader takes. */
const ONCE_ONLY = new Set([
  'content-length',
  'content-type',
  'host',
  'idempotency-key',
  'last-event-id',
  'x-agent-pubkey',
  'x-nonce',
  'x-public-key',
  'x-signature',
  'x-signature-version',
  'x-timestamp',
]);

/** What no endpoint takes, whatever it is. @throws HttpProblem or Refusal */
export function checkRequest(request: IncomingMessage): void {
  if ((request.url?.length ?? 0) > LONGEST_URL) {
    throw new HttpProblem(414, 'INVALID_INPUT', `the URL is longer than ${LONGEST_URL} bytes`);
  }
  const seen = new Set<string>();
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = (request.rawHeaders[index] as string).toLowerCase();
    if (seen.has(name) && ONCE_ONLY.has(name)) {
      throw new Refusal('INVALID', 'INVALID_INPUT', `the header ${name} is there more than once`);
    }
    seen.add(name);
  }
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  const hasBody = encoding !== undefined || (length !== undefined && !/^0+$/.test(length));
  if (hasBody && BODYLESS.has(request.method ?? '')) {
    throw new HttpProblem(400, 'INVALID_INPUT', `a ${request.method} request must not have a body`, {
      connection: 'close',
    });
  }
}

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** @throws Refusal when it is not 1 to 255 visible characters */
export function readIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && IDEMPOTENCY_KEY.test(header)) return header;
  throw new Refusal('INVALID', 'INVALID_INPUT', 'Idempotency-Key must be 1 to 255 visible ASCII characters');
}

const REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** The caller's own id when it is a sane one. */
export function readRequestId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && REQUEST_ID.test(header) ? header : undefined;
}
