import { parseExactJson, Refusal } from '@decent-cloud/kernel';
import type { EndpointDeclaration, Schema } from '@decent-cloud/messages';
import type { z } from 'zod';

/** Deeper than any real request; it must fit into a message of the bus. */
const DEEPEST_JSON = 64;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const JSON_TYPE = /^application\/(json|[a-z0-9!#$&^_.+-]+\+json)$/;

/**
 * The body as the service gets it: JSON parsed exactly, text as text, raw bytes as base64.
 * @throws Refusal when the content type or the text is not what the endpoint takes
 */
export function readBody(
  declaration: Pick<EndpointDeclaration, 'body' | 'bodyType'>,
  contentType: string | undefined,
  bytes: Buffer,
): unknown {
  if (!declaration.body) return undefined;
  const kind = declaration.bodyType ?? 'json';
  if (bytes.length === 0 && contentType === undefined && mayBeAbsent(declaration.body)) return undefined;
  if (kind === 'raw') return bytes.toString('base64');
  if (kind === 'json') requireType(contentType, (type) => JSON_TYPE.test(type));
  else requireType(contentType, (type) => type.startsWith('text/'));
  const text = decode(bytes);
  if (kind === 'text') return text;
  // An empty body is null to clients of the existing system; schemas refuse it where an object is needed.
  if (text.trim() === '') return null;
  let value: unknown;
  try {
    value = parseExactJson(text, DEEPEST_JSON);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw malformed(error.message, error);
  }
  if (text.includes('\\u0000') && hasNul(value))
    throw malformed('text must not contain the character U+0000');
  return value;
}

const mayBeAbsent = (body: Schema): boolean => (body as unknown as z.ZodType).safeParse(undefined).success;

function requireType(contentType: string | undefined, fits: (type: string) => boolean): void {
  if (contentType === undefined || contentType.trim() === '') {
    throw new Refusal(
      'UNSUPPORTED_MEDIA',
      'UNSUPPORTED_CONTENT_TYPE',
      'the client request does not include the `Content-Type` header',
    );
  }
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  const charset = parameters
    .map((part) => /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(part)?.[1])
    .find(Boolean);
  if (fits(type.trim()) && (charset === undefined || charset === 'utf-8' || charset === 'utf8')) return;
  throw new Refusal(
    'UNSUPPORTED_MEDIA',
    'UNSUPPORTED_CONTENT_TYPE',
    `the \`Content-Type\` requested by the client is not supported: ${contentType.slice(0, 100)}`,
  );
}

function decode(bytes: Buffer): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw malformed('invalid UTF-8', error);
  }
}

function malformed(why: string, cause?: unknown): Refusal {
  return new Refusal('INVALID', 'INVALID_INPUT', `parse request payload error: ${why}`, { cause });
}

/** No database column of text can hold it. */
export function hasNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0');
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, member]) => name.includes('\0') || hasNul(member));
}
