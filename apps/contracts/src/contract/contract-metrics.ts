import type { ServiceCore } from '@decent-cloud/runtime';
import { lifecycle } from './domain/status.ts';

interface StatusRow {
  status: string;
  count: bigint;
  since: bigint;
}

/** Gauges of contracts that are not over: how many in each state, and how long the longest has been there. */
export function observeContracts({ metrics, database, logger, clock }: ServiceCore): void {
  const living = lifecycle.states.filter((status) => !lifecycle.isFinal(status));
  const read = async (): Promise<Map<string, StatusRow>> => {
    const rows = await database.query<StatusRow>(
      `select status, count(*) as count, min(status_updated_at_ns) as since
       from contract where deadline_at_ns is not null group by status`,
    );
    return new Map(rows.map((row) => [row.status, row]));
  };
  const report = (error: unknown): void => logger.warn({ error }, 'cannot count contracts');
  metrics.observe(
    'dc_contracts_state',
    'Contracts that are not over, by status',
    ['status'],
    async () => {
      const rows = await read();
      return living.map((status) => ({ labels: { status }, value: Number(rows.get(status)?.count ?? 0n) }));
    },
    report,
  );
  metrics.observe(
    'dc_contracts_oldest_seconds',
    'For how long the longest waiting contract has been in this status',
    ['status'],
    async () => {
      const rows = await read();
      const now = clock();
      return living.map((status) => {
        const since = rows.get(status)?.since ?? now;
        return { labels: { status }, value: Math.max(0, Number((now - since) / 1_000_000_000n)) };
      });
    },
    report,
  );
}
