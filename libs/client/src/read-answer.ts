import { parseExactJson, type Reason } from '@decent-cloud/kernel';
import type { EndpointDeclaration } from '@decent-cloud/messages/wire';
import type { z } from 'zod';
import { ApiError } from './api-error.ts';

interface Envelope {
  readonly success?: boolean;
  readonly data?: unknown;
  readonly error?: string;
  readonly code?: Reason;
  readonly requestId?: string;
}

const parseOr = (text: string, fallback: unknown): unknown => {
  try {
    return parseExactJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return fallback;
    throw error;
  }
};

/** `Retry-After` in seconds or as a date. */
export function readRetryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const seconds = Number(header);
  const waitMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
}

const isPage = (response: Response, text: string): boolean =>
  /^text\/html|^application\/xhtml/.test(response.headers.get('content-type') ?? '') ||
  /^\s*<(!doctype|html)/i.test(text);

/** A page for people: of a proxy that cannot reach the platform, or of another server altogether. */
function readPage(response: Response, nowMs: number): ApiError {
  const where = URL.canParse(response.url) ? new URL(response.url).origin : 'the server';
  return new ApiError({
    status: response.status,
    reason: response.status >= 500 ? undefined : 'NOT_THE_API',
    message: `${where} answered with a web page (status ${response.status}), not as the API does`,
    retryAfterMs: readRetryAfterMs(response.headers.get('retry-after'), nowMs),
  });
}

/** What an answer that says no says. Also takes the bare text that proxies send. */
export function readError(response: Response, text: string, nowMs: number): ApiError {
  if (isPage(response, text)) return readPage(response, nowMs);
  const parsed = parseOr(text, undefined);
  const envelope: Envelope = typeof parsed === 'object' && parsed !== null ? parsed : {};
  return new ApiError({
    status: response.status,
    reason: envelope.code,
    message: envelope.error ?? (text.trim().slice(0, 500) || `HTTP status ${response.status}`),
    requestId: envelope.requestId ?? response.headers.get('x-request-id') ?? undefined,
    retryAfterMs: readRetryAfterMs(response.headers.get('retry-after'), nowMs),
  });
}

/** The checked answer of a call. @throws ApiError for refusals and for answers that are not as declared. */
export async function readAnswer(
  declaration: EndpointDeclaration,
  response: Response,
  nowMs: number,
): Promise<unknown> {
  const form = declaration.form ?? 'envelope';
  if (!response.ok) throw readError(response, await response.text(), nowMs);
  const schema = declaration.answer as unknown as z.ZodType;
  const check = (value: unknown): unknown => {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    const where = `${declaration.method} ${declaration.path}`;
    throw new ApiError(
      { status: response.status, reason: 'BAD_ANSWER', message: `${where} answered in an unknown shape` },
      { cause: result.error },
    );
  };
  if (form === 'application/pdf') return check(new Uint8Array(await response.arrayBuffer()));
  const text = await response.text();
  if (form !== 'text/html' && isPage(response, text)) throw readPage(response, nowMs);
  if (form !== 'envelope' && form !== 'plain') return check(text);
  const parsed = parseOr(text, undefined);
  if (form === 'plain') return check(parsed);
  const envelope: Envelope = typeof parsed === 'object' && parsed !== null ? parsed : {};
  // Older platforms refuse with status 200.
  if (envelope.success === false) throw readError(response, text, nowMs);
  return check(envelope.success === true ? envelope.data : parsed);
}
