import { printExactJson } from '@decent-cloud/kernel';
import type { EndpointDeclaration } from '@decent-cloud/messages/wire';

export interface CallParts {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
}

/** A request before it is signed. */
export interface PlainRequest {
  readonly method: string;
  /** Percent-encoded, beginning with `/`, without query. */
  readonly path: string;
  /** Encoded, without `?`; empty when there is none. */
  readonly query: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly contentType?: string;
  /** What the endpoint reads beside the signature. */
  readonly headers?: Readonly<Record<string, string>>;
}

const CONTENT_TYPES = { json: 'application/json', text: 'text/plain', raw: 'application/octet-stream' };

function fillPath(path: string, params: Record<string, unknown>): string {
  return path.replaceAll(/\{([^}]*)\}/g, (_whole, name: string) => {
    const value = params[name];
    if (value === undefined || value === '') throw new TypeError(`${path} needs the parameter ${name}`);
    return encodeURIComponent(String(value));
  });
}

function printQuery(query: Record<string, unknown>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) search.append(name, String(value));
  }
  return search.toString();
}

/** Prints the parts of a call. @throws TypeError when a path parameter is not given. */
export function buildRequest(declaration: EndpointDeclaration, parts: CallParts): PlainRequest {
  const bodyType = declaration.bodyType ?? 'json';
  const given = parts.body ?? (declaration.body && bodyType === 'json' ? {} : undefined);
  const hasBody = declaration.body !== undefined && given !== undefined;
  return {
    method: declaration.method,
    path: fillPath(declaration.path, (parts.params ?? {}) as Record<string, unknown>),
    query: printQuery((parts.query ?? {}) as Record<string, unknown>),
    body: hasBody ? encodeBody(bodyType, given) : new Uint8Array(),
    ...(hasBody && { contentType: CONTENT_TYPES[bodyType] }),
    ...(parts.headers !== undefined && { headers: parts.headers as Record<string, string> }),
  };
}

function encodeBody(bodyType: 'json' | 'text' | 'raw', body: unknown): Uint8Array<ArrayBuffer> {
  if (bodyType === 'raw' && body instanceof Uint8Array) return new Uint8Array(body);
  return new TextEncoder().encode(bodyType === 'json' ? printExactJson(body) : String(body));
}
