import type { Reason } from './reasons.ts';

/** Every way in which a verb may say no. Each door maps these once, exhaustively. */
export const REFUSAL_CODES = [
  'INVALID',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'PRECONDITION',
  'PAYMENT_REQUIRED',
  'TOO_LARGE',
  'UNSUPPORTED_MEDIA',
  'UNPROCESSABLE',
  'LIMIT',
  'UNAVAILABLE',
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/**
 * An answer that says no: expected, safe to show, changes nothing.
 * Everything that is thrown and is not a Refusal is a bug.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    readonly code: RefusalCode,
    readonly reason: Reason,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  toJSON(): RefusalJson {
    return { code: this.code, reason: this.reason, message: this.message };
  }

  static fromJSON(json: RefusalJson): Refusal {
    return new Refusal(json.code, json.reason, json.message);
  }
}

export interface RefusalJson {
  code: RefusalCode;
  reason: Reason;
  message: string;
}
