import { expression, rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { Candidate } from './domain/choose-agent.ts';
import { POLLING_SLOTS, type PollingAgent } from './domain/polling.ts';

/** An agent that has a contract in hand. */
export interface AgentAtWork
  extends PollingAgent,
    Pick<Candidate, 'agentPublicKey' | 'accountPublicKey' | 'polls'> {}

const AT_MOST = 5_000;

const candidateRow = rowOf<Candidate>()({
  agentPublicKey: 'agent_public_key',
  accountPublicKey: 'account_public_key',
  lastHeartbeatNs: 'last_heartbeat_ns',
  provisionerTypes: 'provisioner_types',
  activeContracts: 'active_contracts',
  polls: 'polls',
  freeSlots: expression(`case when a.polls then ${POLLING_SLOTS} else a.free_slots end`),
  offeredSince: expression(`(select count(*)::int from machine m where m.agent_public_key = a.agent_public_key
    and m.state in ('offered', 'claimed') and m.desired = 'running'
    and (a.polls or m.offered_at_ns >= a.last_heartbeat_ns))`),
});
/** Another contract than $2. */
const atWorkRow = candidateRow
  .pick('agentPublicKey', 'accountPublicKey', 'polls', 'lastHeartbeatNs')
  .and<Pick<AgentAtWork, 'isMaking'>>()({
  isMaking: expression(`exists (select from machine m where m.agent_public_key = a.agent_public_key
    and m.contract_id <> $2 and m.state = 'claimed' and m.desired = 'running')`),
});

/** Agents as the coordinator weighs them up: how alive they are, and how much they have in hand. */
@Injectable()
export class CandidateStore {
  /** Agents of these pools that may make machines, with their load as it is in this transaction. */
  inPools(
    sql: Sql,
    providerPublicKey: string,
    poolIds: readonly string[],
    now: bigint,
  ): Promise<Candidate[]> {
    return candidateRow.query(
      sql,
      `select ${candidateRow.selectFrom('a')}
       from agent a
       where a.pool_id = any($1::text[]) and a.provider_public_key = $2 and a.revoked_at_ns is null
         and (a.expires_at_ns is null or a.expires_at_ns > $3)
         and 'provision' = any(a.permissions) and (a.polls or a.account_public_key is not null)
         and a.last_heartbeat_ns is not null
       limit ${AT_MOST}`,
      [poolIds, providerPublicKey, now],
    );
  }

  /** How many machines the agent has yet to make; nobody gives it another one before the end of the transaction. */
  async lockAndCountOpen(sql: Sql, agentPublicKey: string): Promise<number> {
    await sql.query('select 1 from agent where agent_public_key = $1 for update', [agentPublicKey]);
    const [row] = await sql.query<{ open: number }>(
      `select count(*)::int as open from machine
       where agent_public_key = $1 and state in ('offered', 'claimed') and desired = 'running'`,
      [agentPublicKey],
    );
    return row?.open ?? 0;
  }

  /** @throws Error when there is no such agent */
  async atWork(sql: Sql, agentPublicKey: string, contractId: string): Promise<AgentAtWork> {
    const [agent] = await atWorkRow.query(
      sql,
      `select ${atWorkRow.selectFrom('a')} from agent a where a.agent_public_key = $1`,
      [agentPublicKey, contractId],
    );
    if (!agent) throw new Error(`machine of the unknown agent ${agentPublicKey}`);
    return agent;
  }
}
