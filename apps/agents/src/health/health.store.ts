import type { HealthStatus } from '@decent-cloud/messages/words';
import { Database, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
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
  requesterPublicKey: string | null;
  requesterAccountId: string | null;
}
type NewCheck = Omit<HealthCheckRow, 'id' | 'createdAtNs'> & { agentPublicKey: string };

const COLUMNS = `id, contract_id as "contractId", checked_at_ns as "checkedAtNs", status, latency_ms as "latencyMs",
  details, created_at_ns as "createdAtNs"`;

/** What agents saw of machines; totals go on counting when old checks are dropped. */
@Injectable()
export class HealthStore {
  constructor(private readonly database: Database) {}

  async parties(contractId: string): Promise<ContractParties | undefined> {
    const [row] = await this.database.query<ContractParties>(
      `select provider_public_key as "providerPublicKey", provider_account_id as "providerAccountId",
         requester_public_key as "requesterPublicKey", requester_account_id as "requesterAccountId"
       from assignment where contract_id = $1`,
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
      const [made] = await sql.query<HealthCheckRow>(
        `insert into health_check (contract_id, agent_public_key, checked_at_ns, status, latency_ms, details, created_at_ns)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning ${COLUMNS}`,
        [
          check.contractId,
          check.agentPublicKey,
          check.checkedAtNs,
          check.status,
          check.latencyMs,
          check.details,
          now,
        ],
      );
      if (made) await this.count(sql, check);
      return made ?? (await this.find(sql, check));
    });
  }

  private async find(sql: Sql, { contractId, checkedAtNs }: NewCheck): Promise<HealthCheckRow> {
    const [row] = await sql.query<HealthCheckRow>(
      `select ${COLUMNS} from health_check where contract_id = $1 and checked_at_ns = $2`,
      [contractId, checkedAtNs],
    );
    if (!row) throw new Error(`a health check of ${contractId} is there and cannot be found`);
    return row;
  }

  private async count(sql: Sql, { contractId, status, latencyMs, checkedAtNs }: NewCheck): Promise<void> {
    const one = (word: NewCheck['status']) => (status === word ? 1 : 0);
    await sql.query(
      `insert into health_total as t (contract_id, healthy, unhealthy, unknown, latency_ms, latencies, last_checked_at_ns)
       values ($1, $2, $3, $4, $5, $6, $7)
       on conflict (contract_id) do update set healthy = t.healthy + excluded.healthy,
         unhealthy = t.unhealthy + excluded.unhealthy, unknown = t.unknown + excluded.unknown,
         latency_ms = t.latency_ms + excluded.latency_ms, latencies = t.latencies + excluded.latencies,
         last_checked_at_ns = greatest(t.last_checked_at_ns, excluded.last_checked_at_ns)`,
      [
        contractId,
        one('healthy'),
        one('unhealthy'),
        one('unknown'),
        latencyMs ?? 0,
        latencyMs === null ? 0 : 1,
        checkedAtNs,
      ],
    );
  }

  newest(contractId: string, limit: number): Promise<HealthCheckRow[]> {
    return this.database.query<HealthCheckRow>(
      `select ${COLUMNS} from health_check where contract_id = $1 order by checked_at_ns desc limit $2`,
      [contractId, limit],
    );
  }

  async totals(contractId: string): Promise<HealthTotals | undefined> {
    const [row] = await this.database.query<HealthTotals>(
      `select healthy, unhealthy, unknown, latency_ms as "latencyMs", latencies,
         last_checked_at_ns as "lastCheckedAtNs" from health_total where contract_id = $1`,
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
