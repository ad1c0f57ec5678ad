import { hash } from 'node:crypto';
import { signedMessageV2OfBodyHash } from '@decent-cloud/identity';

/** A request as it came in, before anybody has read it. */
export interface RawRequest {
  readonly method: string;
  /** As on the request line, without query. */
  readonly path: string;
  /** As on the request line, without `?`. */
  readonly query: string;
  readonly host: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

interface Stamped {
  readonly timestamp: string;
  readonly nonce: string;
  readonly version: 1 | 2;
}

/** The bytes that the signature must cover. */
export function signedBytes(request: RawRequest, stamped: Stamped): Uint8Array {
  const { method, path, query, body, host = '' } = request;
  const { timestamp, nonce } = stamped;
  if (stamped.version === 2) {
    return signedMessageV2OfBodyHash({
      timestamp,
      nonce,
      method,
      host,
      path,
      query,
      bodySha512: hash('sha512', body, 'buffer'),
    });
  }
  return Buffer.concat([Buffer.from(`${timestamp}${nonce}${method}${path}`), body]);
}
