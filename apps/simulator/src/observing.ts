import { ServiceFaultError } from '@decent-cloud/bus';
import { Refusal } from '@decent-cloud/kernel';
import { isDatabaseUnavailable } from '@decent-cloud/postgres';
import type { Logger, Metrics } from '@decent-cloud/runtime';

/** Nobody looks at them. */
export const NO_METRICS = {
  busRequestSeconds: { startTimer: () => () => 0 },
} as unknown as Metrics;

/** What must be expected of others and of a database; a service that failed has said so itself. */
export const isExpected = (error: unknown): boolean =>
  error instanceof Refusal || error instanceof ServiceFaultError || isDatabaseUnavailable(error);

/** A log in which nobody reads, but errors that nothing but a fault of the code explains are reported. */
export function loggerOf(report: (error: unknown, text: string) => void): Logger {
  const look = (fields: { readonly error?: unknown }, text: string): void => {
    if (fields.error !== undefined && !isExpected(fields.error)) report(fields.error, text);
  };
  const silent = () => undefined;
  return { trace: silent, debug: silent, info: silent, warn: look, error: look } as unknown as Logger;
}
