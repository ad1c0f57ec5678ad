import { AGENT_PERMISSIONS } from '@decent-cloud/messages/words';
import { Database, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { Page } from '../../page.ts';
import { type AgentRow, agentRow } from '../agent/agent.store.ts';

export interface Leftover {
  contractId: string;
  generation: number;
  agentPubkey: string;
  agentLabel: string | null;
  externalId: string | null;
  absentSinceNs: bigint;
}

const AFTER_CURSOR = `($2::text is null or
  (created_at_ns, agent_public_key) < (select created_at_ns, agent_public_key from agent where agent_public_key = $2))
  order by created_at_ns desc, agent_public_key desc limit $3 offset $4`;

const newAgentRow = agentRow.pick(
  'agentPublicKey',
  'providerPublicKey',
  'poolId',
  'permissions',
  'label',
  'createdAtNs',
);
const INSERT = `insert into agent (${newAgentRow.names}) values (${newAgentRow.places()})
  on conflict do nothing returning 1`;

/** Agents as their providers see them: joined, listed, given up. */
@Injectable()
export class DelegationStore {
  constructor(private readonly database: Database) {}

  /** False when the key is known already. */
  async insert(
    sql: Sql,
    agent: Pick<AgentRow, 'agentPublicKey' | 'providerPublicKey' | 'poolId' | 'label'>,
    now: bigint,
  ): Promise<boolean> {
    const { agentPublicKey, providerPublicKey, poolId, label } = agent;
    const rows = await sql.query(
      INSERT,
      newAgentRow.values({
        agentPublicKey,
        providerPublicKey,
        poolId,
        permissions: [...AGENT_PERMISSIONS],
        label,
        createdAtNs: now,
      }),
    );
    return rows.length === 1;
  }

  /** To another pool of the same provider. */
  async move(sql: Sql, agent: Pick<AgentRow, 'agentPublicKey' | 'poolId' | 'label'>): Promise<void> {
    await sql.query(
      `update agent set pool_id = $2, label = coalesce($3, label), expires_at_ns = null, permissions = $4
       where agent_public_key = $1`,
      [agent.agentPublicKey, agent.poolId, agent.label, AGENT_PERMISSIONS],
    );
  }

  listOfProvider(providerPublicKey: string, page: Page): Promise<AgentRow[]> {
    return agentRow.query(
      this.database,
      `select ${agentRow.select} from agent where provider_public_key = $1 and ${AFTER_CURSOR}`,
      [providerPublicKey, page.cursor ?? null, page.limit, page.offset],
    );
  }

  listOfPool(poolId: string, page: Page): Promise<AgentRow[]> {
    return agentRow.query(
      this.database,
      `select ${agentRow.select} from agent where pool_id = $1 and revoked_at_ns is null and ${AFTER_CURSOR}`,
      [poolId, page.cursor ?? null, page.limit, page.offset],
    );
  }

  /** Machines that are to be gone, of agents that were revoked: nobody can remove them any more. */
  leftoversOf(providerPublicKey: string, page: Page): Promise<Leftover[]> {
    return this.database.query<Leftover>(
      `select m.contract_id as "contractId", m.generation, m.agent_public_key as "agentPubkey",
         a.label as "agentLabel", m.external_id as "externalId", m.absent_since_ns as "absentSinceNs"
       from machine m join agent a using (agent_public_key)
       where a.provider_public_key = $1 and a.revoked_at_ns is not null and m.desired = 'absent'
         and m.state in ('claimed', 'provisioned', 'failed')
       order by m.absent_since_ns, m.contract_id, m.generation limit $2 offset $3`,
      [providerPublicKey, page.limit, page.offset],
    );
  }

  /** False when the provider has no such agent that is not revoked. */
  async label(providerPublicKey: string, agentPublicKey: string, label: string): Promise<boolean> {
    const rows = await this.database.query(
      `update agent set label = $3
       where provider_public_key = $1 and agent_public_key = $2 and revoked_at_ns is null returning 1`,
      [providerPublicKey, agentPublicKey, label],
    );
    return rows.length === 1;
  }

  /** The agent that was heard last, else the newest; revoked ones only when there is no other. */
  async seenLast(providerPublicKey: string): Promise<AgentRow | undefined> {
    const [row] = await agentRow.query(
      this.database,
      `select ${agentRow.select} from agent where provider_public_key = $1
       order by revoked_at_ns is not null, last_heartbeat_ns desc nulls last, created_at_ns desc limit 1`,
      [providerPublicKey],
    );
    return row;
  }
}
