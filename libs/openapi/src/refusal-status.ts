import type { Reason, RefusalCode } from '@decent-cloud/kernel';

/** Reasons whose status does not follow from their name. */
const EXCEPTIONS: Partial<Record<Reason, number>> = {
  RATE_LIMITED: 429,
  SERVICE_UNAVAILABLE: 503,
  NOT_OWNER: 403,
  OWN_CONTRACT: 403,
  PERMISSION_MISSING: 403,
  EMAIL_UNVERIFIED: 403,
  DELEGATION_MISSING: 401,
  API_KEY_INVALID: 401,
  KEY_DISABLED: 401,
  KEY_UNACCEPTABLE: 400,
  SIGNATURE_MALFORMED: 400,
  UNKNOWN_ENDPOINT: 404,
  ORIGIN_NOT_ALLOWED: 403,
  INTERNAL: 500,
  INSUFFICIENT_BALANCE: 422,
  CREDENTIALS_NOT_AVAILABLE: 404,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_CONTENT_TYPE: 415,
  IDEMPOTENCY_KEY_REUSED: 422,
  CURRENCY_UNSUPPORTED: 422,
  DURATION_OUT_OF_RANGE: 422,
  PAYMENT_METHOD_UNAVAILABLE: 422,
};

/** The HTTP status with which documents announce a refusal. Clients branch on `code`, not on this. */
export function statusOfReason(reason: Reason): number {
  const exception = EXCEPTIONS[reason];
  if (exception !== undefined) return exception;
  if (reason.endsWith('_NOT_FOUND')) return 404;
  if (reason.startsWith('SIGNATURE_')) return 401;
  if (reason.endsWith('_INVALID') || reason === 'INVALID_INPUT') return 400;
  return 409;
}

/** The HTTP status of every way in which a verb may say no. */
export const statusOfCode: Readonly<Record<RefusalCode, number>> = {
  INVALID: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  PRECONDITION: 409,
  PAYMENT_REQUIRED: 422,
  TOO_LARGE: 413,
  UNSUPPORTED_MEDIA: 415,
  UNPROCESSABLE: 422,
  LIMIT: 429,
  UNAVAILABLE: 503,
};
