import type { ContractsSettings } from '../../contracts/src/settings.ts';

/** As in the real service, but shorter where people are waited for. What is left out here, no flow reads. */
export const SETTINGS = {
  ENVIRONMENT: 'test',
  REQUESTED_TIMEOUT_SECONDS: 600,
  PENDING_TIMEOUT_SECONDS: 600,
  PROVISIONING_TIMEOUT_SECONDS: 600,
  RESPONSE_TIMEOUT_HOURS: 0.25,
  STOCK_HOLD_SECONDS: 90,
  TIMEOUT_SCAN_SECONDS: 5,
} as ContractsSettings;
