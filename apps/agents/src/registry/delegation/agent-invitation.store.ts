import { rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { AgentRow } from '../agent/agent.store.ts';

export type AgentInvitation = Pick<AgentRow, 'agentPublicKey' | 'providerPublicKey' | 'label'> & {
  readonly poolId: string;
};

const invitationRow = rowOf<AgentInvitation>()({
  agentPublicKey: 'agent_public_key',
  providerPublicKey: 'provider_public_key',
  poolId: 'pool_id',
  label: 'label',
});
const writtenRow = invitationRow.and<{ readonly createdAtNs: bigint }>()({ createdAtNs: 'created_at_ns' });
const PUT = `insert into agent_invitation (${writtenRow.names}) values (${writtenRow.places()})
  on conflict (agent_public_key, provider_public_key)
  do update set ${writtenRow.omit('agentPublicKey', 'providerPublicKey').excluded}`;

/** Agent keys that were named at setup without a signature of theirs. */
@Injectable()
export class AgentInvitationStore {
  async find(
    sql: Sql,
    agentPublicKey: string,
    providerPublicKey: string,
  ): Promise<AgentInvitation | undefined> {
    const [row] = await invitationRow.query(
      sql,
      `select ${invitationRow.select} from agent_invitation where agent_public_key = $1 and provider_public_key = $2`,
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
    const rows = await invitationRow.query(
      sql,
      `select ${invitationRow.select} from agent_invitation
       where agent_public_key = $1 and ($2::text is null or provider_public_key = $2)
       order by provider_public_key limit 2 for update`,
      [agentPublicKey, providerPublicKey ?? null],
    );
    return rows.length === 1 ? rows[0] : undefined;
  }

  /** A provider's newest word on a key counts. */
  async put(sql: Sql, invitation: AgentInvitation, now: bigint): Promise<void> {
    await sql.query(PUT, writtenRow.values({ ...invitation, createdAtNs: now }));
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
