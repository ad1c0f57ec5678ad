import { randomUUID } from 'node:crypto';
import { type Agent, request as httpRequest } from 'node:http';
import { createSigner, generateKeyPair, type KeyPair } from '@decent-cloud/identity';
import { parseExactJson } from '@decent-cloud/kernel';

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Exactly parsed, when it is JSON. */
  readonly json: { success?: boolean; error?: string; code?: string; data?: unknown; requestId?: string };
}

export interface SendOptions {
  readonly method?: string;
  /** With query. */
  readonly path: string;
  readonly body?: string | Uint8Array;
  readonly headers?: Record<string, string>;
  /** Signs the request. */
  readonly as?: KeyPair;
  readonly agent?: boolean;
  readonly version?: 1 | 2;
  readonly host?: string;
  readonly timestampNs?: bigint;
  readonly nonce?: string;
  /** Instead of a connection of its own. */
  readonly connections?: Agent;
}

export const nowNs = (): bigint => BigInt(Date.now()) * 1_000_000n;

/** Headers of a rightly signed request. */
export function sign(port: number, options: SendOptions): Record<string, string> {
  const [path = '', query = ''] = options.path.split('?');
  const signer = createSigner(options.as as KeyPair, {
    version: options.version ?? 1,
    agent: options.agent ?? false,
  });
  return signer.sign({
    method: options.method ?? 'GET',
    host: options.host ?? `127.0.0.1:${port}`,
    path,
    query,
    body: typeof options.body === 'string' ? Buffer.from(options.body) : (options.body ?? new Uint8Array()),
    timestampNs: options.timestampNs ?? nowNs(),
    nonce: options.nonce ?? randomUUID(),
  });
}

/** Sends exactly what it is told to: fetch would repair or refuse half of it. */
export function send(port: number, options: SendOptions): Promise<Answered> {
  const signed = options.as ? sign(port, options) : {};
  const headers: Record<string, string> = {
    ...(options.body !== undefined && { 'content-type': 'application/json' }),
    ...(options.body !== undefined && { 'content-length': String(Buffer.byteLength(options.body)) }),
    ...signed,
    ...options.headers,
  };
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port,
        method: options.method ?? 'GET',
        path: options.path,
        headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== '')),
        agent: options.connections ?? false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const all = new Headers();
          for (const [name, value] of Object.entries(response.headers)) all.set(name, String(value));
          const isJson = all.get('content-type')?.startsWith('application/json') && text !== '';
          resolve({
            status: response.statusCode ?? 0,
            headers: all,
            text,
            json: (isJson ? parseExactJson(text) : {}) as Answered['json'],
          });
        });
      },
    );
    request.on('error', reject);
    request.end(options.body);
  });
}

export const keyPair = (): KeyPair => generateKeyPair();
