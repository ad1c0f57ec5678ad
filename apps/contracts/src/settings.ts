import { NS_PER_SECOND, secondsToNs } from '@decent-cloud/kernel';
import { databaseSettings } from '@decent-cloud/runtime';
import { z } from 'zod';
import type { Limits } from './contract/domain/contract.ts';

const seconds = (fallback: number) =>
  z.coerce
    .number()
    .int()
    .min(1)
    .max(366 * 86_400)
    .default(fallback);

export const contractsSettings = databaseSettings.extend({
  /** How long an unpaid request may wait for its money. */
  REQUESTED_TIMEOUT_SECONDS: seconds(3_600),
  PENDING_TIMEOUT_SECONDS: seconds(3_600),
  /** From acceptance to a machine. */
  PROVISIONING_TIMEOUT_SECONDS: seconds(3_600),
  /** How long a provider may leave a paid request unanswered. */
  RESPONSE_TIMEOUT_HOURS: z.coerce.number().int().min(1).max(8_760).default(72),
  /** How long unit and money are set aside for a contract that is being written: it has a third of that time. */
  STOCK_HOLD_SECONDS: z.coerce.number().int().min(15).max(3_600).default(90),
  /** Between two looks at what waits. */
  TIMEOUT_SCAN_SECONDS: z.coerce.number().int().min(1).max(86_400).default(5),
});

export type ContractsSettings = z.output<typeof contractsSettings>;

/** After so long a delivered machine counts as in use. */
const SETTLE_IN_NS = 900n * NS_PER_SECOND;

export const limitsOf = (settings: ContractsSettings): Limits => ({
  requestedNs: secondsToNs(settings.REQUESTED_TIMEOUT_SECONDS),
  pendingNs: secondsToNs(settings.PENDING_TIMEOUT_SECONDS),
  provisioningNs: secondsToNs(settings.PROVISIONING_TIMEOUT_SECONDS),
  responseNs: secondsToNs(settings.RESPONSE_TIMEOUT_HOURS * 3_600),
  settleInNs: SETTLE_IN_NS,
});
