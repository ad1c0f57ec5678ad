import type { AgentPermission } from '@decent-cloud/messages/words';
import { Database, type Sql } from '@decent-cloud/postgres';
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

export const AGENT_COLUMNS = `agent_public_key as "agentPublicKey", provider_public_key as "providerPublicKey",
  pool_id as "poolId", permissions, label, created_at_ns as "createdAtNs", expires_at_ns as "expiresAtNs",
  revoked_at_ns as "revokedAtNs", account_public_key as "accountPublicKey", last_heartbeat_ns as "lastHeartbeatNs",
  version, provisioner_types as "provisionerTypes", active_contracts as "activeContracts", resources,
  (select i.instance_id from agent_instance i
   where i.agent_public_key = agent.agent_public_key and i.ended_at_ns is null) as "instanceId"`;

/** Agents, for whoever has to do with one. Who changes contracts as well locks these before the agent. */
@Injectable()
export class AgentStore {
  constructor(private readonly database: Database) {}

  async find(agentPublicKey: string, sql: Sql = this.database): Promise<AgentRow | undefined> {
    const [row] = await sql.query<AgentRow>(
      `select ${AGENT_COLUMNS} from agent where agent_public_key = $1`,
      [agentPublicKey],
    );
    return row;
  }

  async lock(sql: Sql, agentPublicKey: string): Promise<AgentRow | undefined> {
    const [row] = await sql.query<AgentRow>(
      `select ${AGENT_COLUMNS} from agent where agent_public_key = $1 for update`,
      [agentPublicKey],
    );
    return row;
  }

  async revoke(sql: Sql, agentPublicKey: string, now: bigint): Promise<void> {
    await sql.query('update agent set revoked_at_ns = $2 where agent_public_key = $1', [agentPublicKey, now]);
  }

  /** The account over which it hears orders; undefined when it is revoked, was never connected or polls. */
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

  /** Full reports may overtake each other: is this one younger than all that were compared? */
  async isNewestReport(sql: Sql, agentPublicKey: string, atNs: bigint): Promise<boolean> {
    const rows = await sql.query('select 1 from agent where agent_public_key = $1 and observed_at_ns < $2', [
      agentPublicKey,
      atNs,
    ]);
    return rows.length === 1;
  }

  /** A full report was compared; so many of its machines nobody ordered. */
  async noteReport(sql: Sql, agentPublicKey: string, unknownMachines: number, atNs: bigint): Promise<void> {
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
