import { choosePools } from '@decent-cloud/kernel';
import type { Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { PoolStore } from '../../registry/pool/pool.store.ts';
import type { Assignment } from '../assignment/rows.ts';
import { type AgentAtWork, CandidateStore } from './candidate.store.ts';
import type { Candidate } from './domain/choose-agent.ts';
import { POLLING_SLOTS } from './domain/polling.ts';

/** The agents that may get a contract, or have one. */
@Injectable()
export class Candidates {
  constructor(
    private readonly pools: PoolStore,
    private readonly store: CandidateStore,
  ) {}

  async of(sql: Sql, assignment: Assignment, now: bigint): Promise<Candidate[]> {
    const pools = await this.pools.choices(sql, assignment.providerPublicKey);
    const poolIds = choosePools(pools, {
      agentPoolId: assignment.agentPoolId,
      datacenterCountry: assignment.datacenterCountry,
      provisionerType: assignment.spec.provisionerType,
    });
    return this.store.inPools(sql, assignment.providerPublicKey, poolIds, now);
  }

  /**
   * Once more with the agent locked, since others may be giving it work at this moment. A connected agent says so itself
   * when it has no room; one that polls fails the contract.
   */
  async hasRoom(sql: Sql, { agentPublicKey, polls }: Candidate): Promise<boolean> {
    return !polls || (await this.store.lockAndCountOpen(sql, agentPublicKey)) < POLLING_SLOTS;
  }

  /** The agent that has this contract in hand. */
  atWork(
    sql: Sql,
    { agentPublicKey, contractId }: { readonly agentPublicKey: string; readonly contractId: string },
  ): Promise<AgentAtWork> {
    return this.store.atWork(sql, agentPublicKey, contractId);
  }
}
