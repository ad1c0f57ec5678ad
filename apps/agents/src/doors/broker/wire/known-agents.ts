import { secondsToNs } from '@decent-cloud/kernel';
import { Injectable } from '@nestjs/common';
import { AgentStore } from '../../../registry/agent/agent.store.ts';
import type { KnownAgent } from '../../../registry/agent/domain/disbelief.ts';
import { isActive } from '../../../registry/agent/domain/liveness.ts';
import { stillCounts } from '../../../registry/instance/domain/admission.ts';
import { InstanceStore } from '../../../registry/instance/instance.store.ts';

const REMEMBERED = 20_000;
const REMEMBER_SECONDS = 15;

interface Remembered {
  readonly agent: KnownAgent;
  readonly atNs: bigint;
}

/** Who agents are; fresh from the database, or, for what is of no consequence, as it was some seconds ago. */
@Injectable()
export class KnownAgents {
  /** Newest last: older ones are of no use any more. */
  private readonly remembered = new Map<string, Remembered>();

  constructor(
    private readonly agents: AgentStore,
    private readonly instances: InstanceStore,
  ) {}

  async fresh(agentPublicKey: string, now: bigint): Promise<KnownAgent | undefined> {
    const row = await this.agents.find(agentPublicKey);
    if (!row) return undefined;
    const { accountPublicKey, instanceId } = row;
    const agent = { accountPublicKey, instanceId, isActive: isActive(row, now) };
    this.remember(agentPublicKey, { agent, atNs: now });
    return agent;
  }

  async recent(agentPublicKey: string, now: bigint): Promise<KnownAgent | undefined> {
    const known = this.remembered.get(agentPublicKey);
    if (known && now - known.atNs < secondsToNs(REMEMBER_SECONDS)) return known.agent;
    return this.fresh(agentPublicKey, now);
  }

  /** Does this process act as the agent now? One that names itself not, is of an older version: only when nobody does. */
  async isAtWork(agentPublicKey: string, instanceId: string | undefined, now: bigint): Promise<boolean> {
    const asked = instanceId ?? null;
    const recent = await this.recent(agentPublicKey, now);
    if (recent?.instanceId === asked) return true;
    return (await this.fresh(agentPublicKey, now))?.instanceId === asked;
  }

  /** May what it said be its last word from when it acted as the agent? */
  async spokeInTurn(agentPublicKey: string, instanceId: string): Promise<boolean> {
    return stillCounts(await this.instances.endOf(agentPublicKey, instanceId));
  }

  private remember(agentPublicKey: string, remembered: Remembered): void {
    this.remembered.delete(agentPublicKey);
    this.remembered.set(agentPublicKey, remembered);
    const [oldest] = this.remembered.size > REMEMBERED ? this.remembered.keys() : [];
    if (oldest !== undefined) this.remembered.delete(oldest);
  }
}
