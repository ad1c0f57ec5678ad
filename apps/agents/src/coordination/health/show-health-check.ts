import type { HealthCheckRow } from './health.store.ts';

export const showHealthCheck = ({ id, contractId, checkedAtNs, status, ...more }: HealthCheckRow) => ({
  id,
  contractId,
  checkedAt: checkedAtNs,
  status,
  ...(more.latencyMs !== null && { latencyMs: more.latencyMs }),
  ...(more.details !== null && { details: more.details }),
  createdAt: more.createdAtNs,
});
