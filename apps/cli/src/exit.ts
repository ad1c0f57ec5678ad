import { ApiError } from '@decent-cloud/client';
import { Refusal } from '@decent-cloud/kernel';
import { type FailureReason, hintOf } from './reasons.ts';

/** Exit codes: scripts branch on them, so they never change. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  configuration: 3,
  authentication: 4,
  unreachable: 5,
  notFound: 6,
  refused: 7,
  timeout: 8,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What went wrong, and what a person can do about it. */
export class CliError extends Error {
  override readonly name = 'CliError';
  constructor(
    readonly exitCode: ExitCode,
    readonly reason: FailureReason,
    message: string,
    readonly hint?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A refusal of the platform with better advice than the catalogue has. */
export class AdvisedError extends Error {
  override readonly name = 'AdvisedError';
  constructor(
    override readonly cause: ApiError,
    readonly hint: string,
  ) {
    super(cause.message, { cause });
  }
}

export interface Failure {
  readonly exitCode: ExitCode;
  readonly code: string;
  readonly reason: FailureReason | undefined;
  readonly message: string;
  readonly requestId: string | undefined;
  readonly hint: string | undefined;
}

const CODES: Readonly<Record<ExitCode, string>> = {
  [EXIT.ok]: 'OK',
  [EXIT.failure]: 'FAILED',
  [EXIT.usage]: 'USAGE',
  [EXIT.configuration]: 'CONFIGURATION',
  [EXIT.authentication]: 'UNAUTHENTICATED',
  [EXIT.unreachable]: 'UNAVAILABLE',
  [EXIT.notFound]: 'NOT_FOUND',
  [EXIT.refused]: 'CONFLICT',
  [EXIT.timeout]: 'TIMEOUT',
  [EXIT.interrupted]: 'INTERRUPTED',
};

/** Every failure as the command line tells it. */
export function failureOf(error: unknown): Failure {
  if (error instanceof AdvisedError) return { ...failureOf(error.cause), hint: error.hint };
  if (error instanceof ApiError) {
    return {
      exitCode: exitCodeOf(error),
      code: error.code,
      reason: error.reason,
      message: error.message,
      requestId: error.requestId,
      hint: hintOf(error.reason),
    };
  }
  const common = { requestId: undefined };
  if (error instanceof CliError) {
    const { exitCode, reason, message } = error;
    return {
      ...common,
      exitCode,
      code: CODES[exitCode],
      reason,
      message,
      hint: error.hint ?? hintOf(reason),
    };
  }
  if (error instanceof Refusal) {
    const { code, reason, message } = error;
    return { ...common, exitCode: EXIT.usage, code, reason, message, hint: hintOf(reason) };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { ...common, exitCode: EXIT.failure, code: 'FAILED', reason: undefined, message, hint: undefined };
}

function exitCodeOf(error: ApiError): ExitCode {
  if (error.reason === 'NO_KEY' || error.reason === 'NOT_THE_API') return EXIT.configuration;
  if (error.reason === 'BAD_ANSWER') return EXIT.failure;
  switch (error.status) {
    case 0:
    case 429:
    case 502:
    case 503:
    case 504:
      return EXIT.unreachable;
    case 400:
    case 413:
    case 415:
      return EXIT.usage;
    case 401:
    case 403:
      return EXIT.authentication;
    case 404:
      return EXIT.notFound;
    case 402:
    case 409:
    case 412:
    case 422:
      return EXIT.refused;
    default:
      return EXIT.failure;
  }
}
