import type { Reason, RefusalCode } from '@decent-cloud/kernel';

/** Failures that the client itself finds. */
export const CLIENT_REASONS = ['NETWORK', 'TIMEOUT', 'BAD_ANSWER', 'NOT_THE_API', 'NO_KEY'] as const;
export type ClientReason = (typeof CLIENT_REASONS)[number];

const CODES: Readonly<Record<number, RefusalCode>> = {
  400: 'INVALID',
  401: 'UNAUTHENTICATED',
  402: 'PAYMENT_REQUIRED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  412: 'PRECONDITION',
  413: 'TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA',
  422: 'UNPROCESSABLE',
  429: 'LIMIT',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'UNAVAILABLE',
};

export interface ApiErrorParts {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly reason?: Reason | ClientReason | undefined;
  readonly message: string;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** A call that did not succeed: refused by the platform, or not answered (`status` 0). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** By the status: CONFLICT, NOT_FOUND … */
  readonly code: RefusalCode | 'UNKNOWN';
  /** The stable word of the catalogue, the `code` of the answer: OUT_OF_STOCK … */
  readonly reason: Reason | ClientReason | undefined;
  /** To be named when reporting a problem. */
  readonly requestId: string | undefined;
  /** How long the platform asks to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(parts: ApiErrorParts, options?: ErrorOptions) {
    super(parts.message, options);
    this.status = parts.status;
    this.code = parts.status === 0 ? 'UNAVAILABLE' : (CODES[parts.status] ?? 'UNKNOWN');
    this.reason = parts.reason;
    this.requestId = parts.requestId;
    this.retryAfterMs = parts.retryAfterMs;
  }

  /** May the same request succeed in a moment? Whether it is safe to repeat is another question. */
  get passing(): boolean {
    return (
      this.reason === 'NETWORK' ||
      this.reason === 'TIMEOUT' ||
      this.reason === 'IDEMPOTENCY_KEY_IN_FLIGHT' ||
      [429, 502, 503, 504].includes(this.status)
    );
  }
}
