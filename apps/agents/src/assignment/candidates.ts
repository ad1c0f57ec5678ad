import type { Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { PoolStore } from '../pool/pool.store.ts';
import type { Assignment } from './assignment.store.ts';
import type { Candidate } from './domain/choose-agent.ts';
import { choosePools } from './domain/choose-pools.ts';

/** The agents that may get a contract, with their load as it is in this transaction. */
@Injectable()
export class Candidates {
  constructor(private readonly pools: PoolStore) {}

  async of(sql: Sql, assignment: Assignment, now: bigint): Promise<Candidate[]> {
    const pools = await this.pools.choices(sql, assignment.providerPublicKey);
    const poolIds = choosePools(pools, {
      agentPoolId: assignment.agentPoolId,
      datacenterCountry: assignment.datacenterCountry,
      provisionerType: assignment.spec.provisionerType,
    });
    return sql.query<Candidate>(
      `select a.agent_public_key as "agentPublicKey", a.account_public_key as "accountPublicKey",
         a.last_heartbeat_ns as "lastHeartbeatNs", a.provisioner_types as "provisionerTypes",
         a.active_contracts as "activeContracts", a.free_slots as "freeSlots",
         (select count(*)::int from machine m where m.agent_public_key = a.agent_public_key
            and m.state in ('offered', 'claimed') and m.desired = 'running'
            and m.offered_at_ns >= a.last_heartbeat_ns) as "offeredSince"
       from agent a
       where a.pool_id = any($1::text[]) and a.provider_public_key = $2 and a.revoked_at_ns is null
         and (a.expires_at_ns is null or a.expires_at_ns > $3)
         and 'provision' = any(a.permissions) and a.account_public_key is not null and a.last_heartbeat_ns is not null
       limit 5000`,
      [poolIds, assignment.providerPublicKey, now],
    );
  }
}
