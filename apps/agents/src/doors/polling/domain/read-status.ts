import { Refusal } from '@decent-cloud/kernel';

const WORDS = {
  provisioning: 'provisioning',
  provisioned: 'provisioned',
  provisioning_failed: 'failed',
  provisioningfailed: 'failed',
} as const;
export type ReportedStatus = (typeof WORDS)[keyof typeof WORDS];

/** Shipped clients write the last one in two ways. @throws Refusal INVALID */
export function readStatus(word: string): ReportedStatus {
  const known = word.trim().toLowerCase();
  if (Object.hasOwn(WORDS, known)) return WORDS[known as keyof typeof WORDS];
  throw new Refusal(
    'INVALID',
    'INVALID_INPUT',
    'status: must be one of: provisioning, provisioned, provisioning_failed',
  );
}
