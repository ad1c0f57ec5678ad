import { secondsToNs } from '@decent-cloud/kernel';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { DelegationStore } from '../delegation/delegation.store.ts';
import { isActive } from '../delegation/domain/liveness.ts';
import type { KnownAgent } from './domain/disbelief.ts';

const REMEMBERED = 20_000;
const REMEMBER_SECONDS = 15;

interface Remembered {
  readonly agent: KnownAgent;
  readonly atNs: bigint;
}

/** Who agents are; fresh from the database, or, for what is of no consequence, as it was some seconds ago. */
@Injectable()
export class KnownAgents {
  private readonly remembered = new LRUCache<string, Remembered>({ max: REMEMBERED });

  constructor(private readonly delegations: DelegationStore) {}

  async fresh(agentPublicKey: string, now: bigint): Promise<KnownAgent | undefined> {
    const row = await this.delegations.find(agentPublicKey);
    if (!row) return undefined;
    const agent = { accountPublicKey: row.accountPublicKey, isActive: isActive(row, now) };
    this.remembered.set(agentPublicKey, { agent, atNs: now });
    return agent;
  }

  async recent(agentPublicKey: string, now: bigint): Promise<KnownAgent | undefined> {
    const known = this.remembered.get(agentPublicKey);
    if (known && now - known.atNs < secondsToNs(REMEMBER_SECONDS)) return known.agent;
    return this.fresh(agentPublicKey, now);
  }
}
