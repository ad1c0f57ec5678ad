import type { AnswerInput } from '@decent-cloud/messages';
import type { getHealthSummary } from '@decent-cloud/messages/agents';
import type { HealthTotals } from '../health.store.ts';

/** Of all checks ever; unknown ones count as not healthy. */
export function summarise(totals: HealthTotals | undefined): AnswerInput<typeof getHealthSummary> {
  const { healthy = 0n, unhealthy = 0n, unknown = 0n } = totals ?? {};
  const total = healthy + unhealthy + unknown;
  return {
    totalChecks: total,
    healthyChecks: healthy,
    unhealthyChecks: unhealthy,
    unknownChecks: unknown,
    uptimePercent: total === 0n ? 0 : (Number(healthy) * 100) / Number(total),
    ...(totals && totals.latencies > 0n
      ? { avgLatencyMs: Number(totals.latencyMs) / Number(totals.latencies) }
      : {}),
    ...(totals && { lastCheckedAt: totals.lastCheckedAtNs }),
  };
}
