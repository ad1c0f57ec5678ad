import { choosePools } from '@decent-cloud/kernel';
import type { Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { PoolStore } from '../pool/pool.store.ts';
import type { Assignment } from './assignment.store.ts';
import type { Candidate } from './domain/choose-agent.ts';
import { POLLING_SLOTS } from './domain/polling.ts';

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
         a.active_contracts as "activeContracts", a.polls,
         case when a.polls then ${POLLING_SLOTS} else a.free_slots end as "freeSlots",
         (select count(*)::int from machine m where m.agent_public_key = a.agent_public_key
            and m.state in ('offered', 'claimed') and m.desired = 'running'
            and (a.polls or m.offered_at_ns >= a.last_heartbeat_ns)) as "offeredSince"
       from agent a
       where a.pool_id = any($1::text[]) and a.provider_public_key = $2 and a.revoked_at_ns is null
         and (a.expires_at_ns is null or a.expires_at_ns > $3)
         and 'provision' = any(a.permissions) and (a.polls or a.account_public_key is not null)
         and a.last_heartbeat_ns is not null
       limit 5000`,
      [poolIds, assignment.providerPublicKey, now],
    );
  }

  /**
   * Once more with the agent locked, since others may be giving it work at this moment. A connected agent says so itself
   * when it has no room; one that polls fails the contract.
   */
  async hasRoom(sql: Sql, { agentPublicKey, polls }: Candidate): Promise<boolean> {
    if (!polls) return true;
    await sql.query('select 1 from agent where agent_public_key = $1 for update', [agentPublicKey]);
    const [row] = await sql.query<{ open: number }>(
      `select count(*)::int as open from machine
       where agent_public_key = $1 and state in ('offered', 'claimed') and desired = 'running'`,
      [agentPublicKey],
    );
    return (row?.open ?? 0) < POLLING_SLOTS;
  }
}
