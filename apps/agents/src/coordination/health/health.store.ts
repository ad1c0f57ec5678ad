import type { HealthStatus } from '@decent-cloud/messages/words';
import { Database, rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { assignmentRow } from '../assignment/assignment.rows.ts';
import type { Machine } from '../assignment/rows.ts';

export interface HealthCheckRow {
  id: bigint;
  contractId: string;
  checkedAtNs: bigint;
  status: HealthStatus;
  latencyMs: number | null;
  details: string | null;
  createdAtNs: bigint;
}
export interface HealthTotals {
  healthy: bigint;
  unhealthy: bigint;
  unknown: bigint;
  latencyMs: bigint;
  latencies: bigint;
  lastCheckedAtNs: bigint;
}
export interface ContractParties {
  providerPublicKey: string | null;
  providerAccountId: string | null;
  tenantPublicKey: string | null;
  tenantAccountId: string | null;
}
type NewCheck = Omit<HealthCheckRow, 'id' | 'createdAtNs'> & { agentPublicKey: string };

const checkRow = rowOf<HealthCheckRow>()({
  id: 'id',
  contractId: 'contract_id',
  checkedAtNs: 'checked_at_ns',
  status: 'status',
  latencyMs: 'latency_ms',
  details: 'details',
  createdAtNs: 'created_at_ns',
});
const newCheckRow = checkRow.omit('id').and<{ readonly agentPublicKey: string }>()({
  agentPublicKey: 'agent_public_key',
});
const totalsRow = rowOf<HealthTotals>()({
  healthy: 'healthy',
  unhealthy: 'unhealthy',
  unknown: 'unknown',
  latencyMs: 'latency_ms',
  latencies: 'latencies',
  lastCheckedAtNs: 'last_checked_at_ns',
});
const partiesRow = assignmentRow.pick(
  'providerPublicKey',
  'providerAccountId',
  'tenantPublicKey',
  'tenantAccountId',
);
const INSERT = `insert into health_check (${newCheckRow.names}) values (${newCheckRow.places()})
  on conflict do nothing returning ${checkRow.select}`;
const COUNT = `insert into health_total as t (contract_id, ${totalsRow.names}) values ($1, ${totalsRow.places(2)})
  on conflict (contract_id) do update set healthy = t.healthy + excluded.healthy,
    unhealthy = t.unhealthy + excluded.unhealthy, unknown = t.unknown + excluded.unknown,
    latency_ms = t.latency_ms + excluded.latency_ms, latencies = t.latencies + excluded.latencies,
    last_checked_at_ns = greatest(t.last_checked_at_ns, excluded.last_checked_at_ns)`;

/** What agents saw of machines; totals go on counting when old checks are dropped. */
@Injectable()
export class HealthStore {
  constructor(private readonly database: Database) {}

  async parties(contractId: string): Promise<ContractParties | undefined> {
    const [row] = await partiesRow.query(
      this.database,
      `select ${partiesRow.select} from assignment where contract_id = $1`,
      [contractId],
    );
    return row;
  }

  /** The agent's newest attempt at the contract's machine, and which attempt counts. */
  async attemptOf(
    contractId: string,
    agentPublicKey: string,
  ): Promise<(Pick<Machine, 'generation' | 'desired'> & { readonly newest: number }) | undefined> {
    const [row] = await this.database.query<Pick<Machine, 'generation' | 'desired'> & { newest: number }>(
      `select m.generation, m.desired, a.generation as newest from machine m join assignment a using (contract_id)
       where m.contract_id = $1 and m.agent_public_key = $2 order by m.generation desc limit 1`,
      [contractId, agentPublicKey],
    );
    return row;
  }

  /** Once for each contract and moment: a repeat gives the first one. */
  record(check: NewCheck, now: bigint): Promise<HealthCheckRow> {
    return this.database.transaction(async (sql) => {
      const [made] = await checkRow.query(sql, INSERT, newCheckRow.values({ ...check, createdAtNs: now }));
      if (made) await this.count(sql, check);
      return made ?? (await this.find(sql, check));
    });
  }

  private async find(sql: Sql, { contractId, checkedAtNs }: NewCheck): Promise<HealthCheckRow> {
    const [row] = await checkRow.query(
      sql,
      `select ${checkRow.select} from health_check where contract_id = $1 and checked_at_ns = $2`,
      [contractId, checkedAtNs],
    );
    if (!row) throw new Error(`a health check of ${contractId} is there and cannot be found`);
    return row;
  }

  private async count(sql: Sql, { contractId, status, latencyMs, checkedAtNs }: NewCheck): Promise<void> {
    const one = (word: NewCheck['status']) => (status === word ? 1n : 0n);
    const totals = totalsRow.values({
      healthy: one('healthy'),
      unhealthy: one('unhealthy'),
      unknown: one('unknown'),
      latencyMs: BigInt(latencyMs ?? 0),
      latencies: latencyMs === null ? 0n : 1n,
      lastCheckedAtNs: checkedAtNs,
    });
    await sql.query(COUNT, [contractId, ...totals]);
  }

  newest(contractId: string, limit: number): Promise<HealthCheckRow[]> {
    return checkRow.query(
      this.database,
      `select ${checkRow.select} from health_check where contract_id = $1 order by checked_at_ns desc limit $2`,
      [contractId, limit],
    );
  }

  async totals(contractId: string): Promise<HealthTotals | undefined> {
    const [row] = await totalsRow.query(
      this.database,
      `select ${totalsRow.select} from health_total where contract_id = $1`,
      [contractId],
    );
    return row;
  }

  /** Drops up to `limit` checks noted before this time; how many there were. */
  async drop(before: bigint, limit: number): Promise<number> {
    const rows = await this.database.query(
      `delete from health_check where id in
         (select id from health_check where created_at_ns < $1 order by created_at_ns limit $2) returning 1`,
      [before, limit],
    );
    return rows.length;
  }
}
