import type { Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { AgentRow } from '../agent/agent.store.ts';

export type AgentInvitation = Pick<AgentRow, 'agentPublicKey' | 'providerPublicKey' | 'label'> & {
  readonly poolId: string;
};

const COLUMNS = `agent_public_key as "agentPublicKey", provider_public_key as "providerPublicKey",
  pool_id as "poolId", label`;

/** Agent keys that were named at setup without a signature of theirs. */
@Injectable()
export class AgentInvitationStore {
  async find(
    sql: Sql,
    agentPublicKey: string,
    providerPublicKey: string,
  ): Promise<AgentInvitation | undefined> {
    const [row] = await sql.query<AgentInvitation>(
      `select ${COLUMNS} from agent_invitation where agent_public_key = $1 and provider_public_key = $2`,
      [agentPublicKey, providerPublicKey],
    );
    return row;
  }

  /** The one of the named provider, locked; without a name the only one that there is. */
  async lock(
    sql: Sql,
    agentPublicKey: string,
    providerPublicKey: string | undefined,
  ): Promise<AgentInvitation | undefined> {
    const rows = await sql.query<AgentInvitation>(
      `select ${COLUMNS} from agent_invitation
       where agent_public_key = $1 and ($2::text is null or provider_public_key = $2)
       order by provider_public_key limit 2 for update`,
      [agentPublicKey, providerPublicKey ?? null],
    );
    return rows.length === 1 ? rows[0] : undefined;
  }

  /** A provider's newest word on a key counts. */
  async put(sql: Sql, invitation: AgentInvitation, now: bigint): Promise<void> {
    await sql.query(
      `insert into agent_invitation (agent_public_key, provider_public_key, pool_id, label, created_at_ns)
       values ($1, $2, $3, $4, $5) on conflict (agent_public_key, provider_public_key)
       do update set pool_id = excluded.pool_id, label = excluded.label, created_at_ns = excluded.created_at_ns`,
      [invitation.agentPublicKey, invitation.providerPublicKey, invitation.poolId, invitation.label, now],
    );
  }

  /** The key has spoken for itself. */
  async removeAll(sql: Sql, agentPublicKey: string): Promise<void> {
    await sql.query('delete from agent_invitation where agent_public_key = $1', [agentPublicKey]);
  }

  /** False when there was none. */
  async withdraw(sql: Sql, agentPublicKey: string, providerPublicKey: string): Promise<boolean> {
    const rows = await sql.query(
      'delete from agent_invitation where agent_public_key = $1 and provider_public_key = $2 returning 1',
      [agentPublicKey, providerPublicKey],
    );
    return rows.length === 1;
  }
}
