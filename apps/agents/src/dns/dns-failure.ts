import { Refusal } from '@decent-cloud/kernel';
import type { Logger } from '@decent-cloud/runtime';
import { DnsError } from './dns-backend.ts';

/** What the caller is told when the zone could not be written; the log has the rest. Other errors are thrown on. */
export function refuseDnsFailure(error: unknown, logger: Logger): never {
  if (!(error instanceof DnsError)) throw error;
  const isRefused = error.kind === 'refused';
  logger[isRefused ? 'error' : 'warn']({ error }, 'the zone could not be written');
  const text = isRefused
    ? 'The DNS service does not take this record'
    : 'The DNS service does not answer: try again shortly';
  throw new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', text, { cause: error });
}
