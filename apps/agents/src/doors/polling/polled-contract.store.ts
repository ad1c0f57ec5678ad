import { Database } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { assignmentRow } from '../../coordination/assignment/assignment.rows.ts';
import type { Assignment } from '../../coordination/assignment/rows.ts';
import type { PollingAgent } from '../../registry/agent/speakers.ts';
import type { KnownContract } from './domain/classify-running.ts';

export type PendingContract = Pick<Assignment, 'contractId' | 'spec'>;
export type WaitingContract = Pick<
  Assignment,
  'contractId' | 'providerPublicKey' | 'tenantPublicKey' | 'spec'
>;

const pendingRow = assignmentRow.pick('contractId', 'spec');
const waitingRow = assignmentRow.pick('contractId', 'providerPublicKey', 'tenantPublicKey', 'spec');

/** Contracts as agents that poll ask for them. An agent that joined another provider has nothing to do with the old one's. */
@Injectable()
export class PolledContractStore {
  constructor(private readonly database: Database) {}

  /** Given to this agent and not in its hand, oldest first. */
  pendingOf(agent: PollingAgent, now: bigint, limit: number): Promise<PendingContract[]> {
    return pendingRow.query(
      this.database,
      `select ${pendingRow.selectFrom('a')} from machine m join assignment a using (contract_id, generation)
       where m.agent_public_key = $1 and a.provider_public_key = $2 and m.desired = 'running'
         and m.state in ('offered', 'claimed') and a.deadline_ns > $3
         and (m.lease_expires_at_ns is null or m.lease_expires_at_ns <= $3)
       order by a.created_at_ns, a.contract_id limit $4`,
      [agent.publicKey, agent.providerPublicKey, now, limit],
    );
  }

  /** Those of these contracts that are the provider's. */
  ofProvider(contractIds: readonly string[], providerPublicKey: string): Promise<WaitingContract[]> {
    return waitingRow.query(
      this.database,
      `select ${waitingRow.select} from assignment where contract_id = any($1::text[]) and provider_public_key = $2`,
      [contractIds, providerPublicKey],
    );
  }

  /** The same, with what is to become of the agent's machines. */
  knownOf(agent: PollingAgent, contractIds: readonly string[]): Promise<KnownContract[]> {
    return this.database.query<KnownContract>(
      `select a.contract_id as "contractId", a.state = 'ended' as "hasEnded", own.desired,
         wanted.external_id as "acceptedExternalId",
         a.state in ('waiting', 'offered', 'claimed', 'provisioned') as "isWanted"
       from assignment a
       left join lateral (select m.desired from machine m
         where m.contract_id = a.contract_id and m.agent_public_key = $2
         order by m.generation desc limit 1) own on true
       left join machine wanted on wanted.contract_id = a.contract_id and wanted.generation = a.generation
         and wanted.desired = 'running' and wanted.state = 'provisioned'
       where a.contract_id = any($3::text[]) and a.provider_public_key = $1`,
      [agent.providerPublicKey, agent.publicKey, contractIds],
    );
  }

  /** Contracts with a machine of the agent that is to go and is not confirmed as gone. */
  async removalsOf(agent: PollingAgent, limit: number): Promise<string[]> {
    const rows = await this.database.query<{ contractId: string }>(
      `select distinct m.contract_id as "contractId" from machine m join assignment a using (contract_id)
       where m.agent_public_key = $1 and a.provider_public_key = $2 and m.desired = 'absent' and m.state <> 'gone'
       order by 1 limit $3`,
      [agent.publicKey, agent.providerPublicKey, limit],
    );
    return rows.map(({ contractId }) => contractId);
  }

  /** Contracts whose machine, made before then, stands otherwise than this list of running ones says. */
  async standingOtherwise(
    agent: PollingAgent,
    running: readonly string[],
    madeBeforeNs: bigint,
    limit: number,
  ): Promise<string[]> {
    const rows = await this.database.query<{ contractId: string }>(
      `select m.contract_id as "contractId" from machine m join assignment a using (contract_id, generation)
       where m.agent_public_key = $1 and a.provider_public_key = $2 and m.desired = 'running'
         and m.state = 'provisioned' and m.settled_at_ns < $3
         and case when m.contract_id = any($4::text[]) then m.availability <> 'up' or m.lost_at_ns is not null
           else m.availability = 'up' end
       order by 1 limit $5`,
      [agent.publicKey, agent.providerPublicKey, madeBeforeNs, running, limit],
    );
    return rows.map(({ contractId }) => contractId);
  }
}
