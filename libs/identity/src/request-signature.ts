import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8 } from './bytes.ts';

/** What every version of the signature covers; timestamp and nonce as the headers spell them. */
export interface SignedRequestV1 {
  readonly timestamp: string;
  readonly nonce: string;
  readonly method: string;
  /** As on the request line, percent-encoding untouched, without query. */
  readonly path: string;
  readonly body: Uint8Array;
}

export interface SignedRequestV2 extends SignedRequestV1 {
  /** The Host header: with the port when it is not that of the scheme. */
  readonly host: string;
  /** As on the request line, without `?`; empty when there is none. */
  readonly query: string;
}

const LABEL_V2 = 'decent-cloud-request-v2';

/** The bytes that version 1 signs: its parts put together without separators. Query and host are not covered. */
export function signedMessageV1(request: SignedRequestV1): Uint8Array {
  const { timestamp, nonce, method, path, body } = request;
  return concatBytes(utf8(`${timestamp}${nonce}${method.toUpperCase()}${path}`), body);
}

/**
 * The bytes that version 2 signs: label, timestamp, nonce, method, host, path, query and SHA-512 of the body, each
 * behind its length as 4 bytes, big-endian. So no part can lend bytes to its neighbour.
 */
export function signedMessageV2(request: SignedRequestV2): Uint8Array {
  const { timestamp, nonce, method, host, path, query, body } = request;
  return signedMessageV2OfBodyHash({ timestamp, nonce, method, host, path, query, bodySha512: sha512(body) });
}

/** As `signedMessageV2`, for bodies that were hashed while they came in. */
export function signedMessageV2OfBodyHash(
  request: Omit<SignedRequestV2, 'body'> & { readonly bodySha512: Uint8Array },
): Uint8Array {
  const { timestamp, nonce, method, host, path, query, bodySha512 } = request;
  const texts = [LABEL_V2, timestamp, nonce, method.toUpperCase(), host.toLowerCase(), path, query];
  return concatBytes(...[...texts.map(utf8), bodySha512].flatMap((part) => [lengthOf(part), part]));
}

function lengthOf(part: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, part.length);
  return length;
}
