import { randomUUID } from 'node:crypto';
import { createSigner, type KeyPair } from '@decent-cloud/identity';
import { printExactJson } from '@decent-cloud/kernel';
import type { HttpRequest } from './http-load.ts';

export interface Call {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export function plainRequest({ method, path, body, headers = {} }: Call): HttpRequest {
  return {
    method,
    path,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: Buffer.from(printExactJson(body)) }),
  };
}

/** Signed before the clock runs: what the caller's signature costs is not the platform's. Good for five minutes, once. */
export function signedRequest(keyPair: KeyPair, host: string, call: Call): HttpRequest {
  const plain = plainRequest(call);
  const [path = '', query = ''] = call.path.split('?');
  const signature = createSigner(keyPair).sign({
    method: call.method,
    host,
    path,
    query,
    body: plain.body ?? new Uint8Array(),
    timestampNs: BigInt(Date.now()) * 1_000_000n,
    nonce: randomUUID(),
  });
  return { ...plain, headers: { ...plain.headers, ...signature } };
}
