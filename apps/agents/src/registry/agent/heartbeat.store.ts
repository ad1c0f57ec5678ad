import { Database, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';

/** What an agent that is connected to the broker says of itself. */
export interface Heartbeat {
  readonly agentPublicKey: string;
  readonly heardAtNs: bigint;
  readonly version: string;
  readonly provisionerTypes: readonly string[];
  readonly activeContracts: number;
  readonly freeSlots: number;
  readonly resources?: object | undefined;
}

/** What an agent that polls says of itself; null: as it was. */
export interface PolledHeartbeat {
  readonly agentPublicKey: string;
  readonly version: string | null;
  readonly provisionerType: string | null;
  readonly activeContracts: number;
  /** JSON. */
  readonly resources: string | null;
}

/** Its pool, and the heartbeats before this one. */
export interface Polled {
  readonly poolId: string | null;
  readonly poolName: string | null;
  readonly upgradeToVersion: string | null;
  /** As they are kept. */
  readonly beats: readonly unknown[];
}

/** When agents were heard last, and what they said. Nothing is heard of agents that are revoked. */
@Injectable()
export class HeartbeatStore {
  constructor(private readonly database: Database) {}

  /** Of many agents at once. Whoever beats over the broker does not poll; what is older than what is known is left out. */
  async hear(heartbeats: readonly Heartbeat[]): Promise<void> {
    await this.database.query(
      `update agent a set last_heartbeat_ns = b.heard, version = b.version,
         provisioner_types = array(select jsonb_array_elements_text(b.types)), active_contracts = b.active,
         free_slots = b.free, polls = false, resources = coalesce(b.resources, a.resources)
       from unnest($1::text[], $2::bigint[], $3::text[], $4::jsonb[], $5::int[], $6::int[], $7::jsonb[])
         as b(key, heard, version, types, active, free, resources)
       where a.agent_public_key = b.key and a.revoked_at_ns is null
         and (a.last_heartbeat_ns is null or a.last_heartbeat_ns < b.heard)`,
      [
        heartbeats.map(({ agentPublicKey }) => agentPublicKey),
        heartbeats.map(({ heardAtNs }) => heardAtNs),
        heartbeats.map(({ version }) => version),
        heartbeats.map(({ provisionerTypes }) => JSON.stringify(provisionerTypes)),
        heartbeats.map(({ activeContracts }) => activeContracts),
        heartbeats.map(({ freeSlots }) => freeSlots),
        heartbeats.map(({ resources }) => (resources ? JSON.stringify(resources) : null)),
      ],
    );
  }

  /** From now on the agent polls. Undefined when it is revoked. */
  async hearPolling(sql: Sql, heartbeat: PolledHeartbeat, now: bigint): Promise<Polled | undefined> {
    const { agentPublicKey, version, provisionerType, activeContracts, resources } = heartbeat;
    const [row] = await sql.query<Polled>(
      `update agent a set polls = true, last_heartbeat_ns = greatest($2, a.last_heartbeat_ns),
         version = coalesce($3, a.version),
         provisioner_types = case when $4::text is not null then array[$4::text]
           when a.provisioner_types = '{}' and p.provisioner_type is not null then array[p.provisioner_type]
           else a.provisioner_types end,
         active_contracts = $5, resources = coalesce($6::jsonb, a.resources)
       from agent b left join pool p on p.pool_id = b.pool_id
       where a.agent_public_key = $1 and b.agent_public_key = a.agent_public_key and a.revoked_at_ns is null
       returning a.pool_id as "poolId", p.name as "poolName", p.upgrade_to_version as "upgradeToVersion",
         a.polled_beats as beats`,
      [agentPublicKey, now, version, provisionerType, activeContracts, resources],
    );
    return row;
  }
}
