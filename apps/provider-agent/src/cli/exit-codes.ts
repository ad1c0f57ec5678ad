import { BackendError } from '../backends/backend.ts';
import { ConfigError } from '../config/config-error.ts';
import { isRefusedAccess, isUnreachable } from '../link/faults.ts';

export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  configuration: 3,
  authentication: 4,
  platform: 5,
  provisioner: 6,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An end with a certain exit code and a sentence for people. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandError) return error.exitCode;
  if (error instanceof ConfigError) return EXIT.configuration;
  if (error instanceof BackendError) return EXIT.provisioner;
  if (isRefusedAccess(error)) return EXIT.authentication;
  if (isUnreachable(error)) return EXIT.platform;
  return EXIT.failure;
}
