import { ApiError } from '@decent-cloud/client';
import { REASONS } from '@decent-cloud/kernel';

/** Stable: scripts rely on them. */
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
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Something that a person can mend, with the exit code for it. */
export class CliError extends Error {
  override readonly name = 'CliError';
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

export interface Failure {
  readonly exitCode: number;
  readonly reason?: string;
  readonly message: string;
  readonly hint?: string;
  readonly requestId?: string;
}

/** What went wrong, for people and scripts alike. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CliError) {
    return {
      exitCode: error.exitCode,
      message: error.message,
      ...(error.hint !== undefined && { hint: error.hint }),
    };
  }
  if (error instanceof ApiError) {
    const hint =
      error.reason === 'NETWORK' ? 'Is the platform running? See --api-url.' : hintOf(error.reason);
    return {
      exitCode: exitCodeOf(error),
      message: error.message,
      ...(error.reason !== undefined && { reason: error.reason }),
      ...(hint !== undefined && { hint }),
      ...(error.requestId !== undefined && { requestId: error.requestId }),
    };
  }
  return { exitCode: EXIT.failure, message: error instanceof Error ? error.message : String(error) };
}

function hintOf(reason: string | undefined): string | undefined {
  return reason !== undefined && reason in REASONS ? REASONS[reason as keyof typeof REASONS] : undefined;
}

function exitCodeOf(error: ApiError): ExitCode {
  if (error.reason === 'NO_KEY') return EXIT.configuration;
  switch (error.status) {
    case 0:
    case 502:
    case 503:
    case 504:
      return EXIT.unreachable;
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
