import type { AgentPermission } from '@decent-cloud/messages/words';
import { Database, expression, json, rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';

export interface AgentRow {
  agentPublicKey: string;
  providerPublicKey: string;
  poolId: string | null;
  permissions: AgentPermission[];
  label: string | null;
  createdAtNs: bigint;
  expiresAtNs: bigint | null;
  revokedAtNs: bigint | null;
  accountPublicKey: string | null;
  /** The process that acts as the agent. */
  instanceId: string | null;
  lastHeartbeatNs: bigint | null;
  version: string | null;
  provisionerTypes: string[];
  activeContracts: number;
  resources: unknown;
}

export const agentRow = rowOf<AgentRow>()({
  agentPublicKey: 'agent_public_key',
  providerPublicKey: 'provider_public_key',
  poolId: 'pool_id',
  permissions: 'permissions',
  label: 'label',
  createdAtNs: 'created_at_ns',
  expiresAtNs: 'expires_at_ns',
  revokedAtNs: 'revoked_at_ns',
  accountPublicKey: 'account_public_key',
  instanceId: expression(`(select i.instance_id from agent_instance i
    where i.agent_public_key = agent.agent_public_key and i.ended_at_ns is null)`),
  lastHeartbeatNs: 'last_heartbeat_ns',
  version: 'version',
  provisionerTypes: 'provisioner_types',
  activeContracts: 'active_contracts',
  resources: json('resources'),
});

const FIND = `select ${agentRow.select} from agent where agent_public_key = $1`;
const LOCK = `${FIND} for update`;

/** Agents, for whoever has to do with one. Who changes contracts as well locks these before the agent. */
@Injectable()
export class AgentStore {
  constructor(private readonly database: Database) {}

  async find(agentPublicKey: string, sql: Sql = this.database): Promise<AgentRow | undefined> {
    const [row] = await agentRow.query(sql, FIND, [agentPublicKey]);
    return row;
  }

  async lock(sql: Sql, agentPublicKey: string): Promise<AgentRow | undefined> {
    const [row] = await agentRow.query(sql, LOCK, [agentPublicKey]);
    return row;
  }

  async revoke(sql: Sql, agentPublicKey: string, now: bigint): Promise<void> {
    await sql.query('update agent set revoked_at_ns = $2 where agent_public_key = $1', [agentPublicKey, now]);
  }

  /** The account over which it hears commands; undefined when it is revoked, was never connected or polls. */
  async listeningAccount(sql: Sql, agentPublicKey: string): Promise<string | undefined> {
    const [row] = await sql.query<{ account: string }>(
      `select account_public_key as account from agent
       where agent_public_key = $1 and account_public_key is not null and revoked_at_ns is null and not polls`,
      [agentPublicKey],
    );
    return row?.account;
  }

  async polls(sql: Sql, agentPublicKey: string): Promise<boolean> {
    const rows = await sql.query('select 1 from agent where agent_public_key = $1 and polls', [
      agentPublicKey,
    ]);
    return rows.length === 1;
  }

  /** It has opened a session at the broker. */
  async stopPolling(sql: Sql, agentPublicKey: string): Promise<void> {
    await sql.query('update agent set polls = false where agent_public_key = $1 and polls', [agentPublicKey]);
  }

  /** Observations may overtake each other: is this one younger than all that were compared? */
  async isNewestObservation(sql: Sql, agentPublicKey: string, atNs: bigint): Promise<boolean> {
    const rows = await sql.query('select 1 from agent where agent_public_key = $1 and observed_at_ns < $2', [
      agentPublicKey,
      atNs,
    ]);
    return rows.length === 1;
  }

  /** An observation was compared; so many of its machines nobody ordered. */
  async noteObservation(
    sql: Sql,
    agentPublicKey: string,
    unknownMachines: number,
    atNs: bigint,
  ): Promise<void> {
    await sql.query(
      `update agent set unknown_machines = $2, observed_at_ns = greatest(observed_at_ns, $3)
       where agent_public_key = $1`,
      [agentPublicKey, unknownMachines, atNs],
    );
  }

  /** The same of an agent that polls: its list is of now, and of what runs only. */
  async noteUnknownMachines(agentPublicKey: string, count: number): Promise<void> {
    await this.database.query('update agent set unknown_machines = $2 where agent_public_key = $1', [
      agentPublicKey,
      count,
    ]);
  }
}
