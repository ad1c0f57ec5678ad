import { secondsToNs } from '@decent-cloud/kernel';
import { Injectable } from '@nestjs/common';
import type { AgentRow } from '../agent/agent.store.ts';
import { InstanceStore } from '../instance/instance.store.ts';
import { showDelegation } from './show-delegation.ts';

const RIVALS_SHOWN_SECONDS = 86_400;

/** Agents as their provider sees them, with the processes that act as them. */
@Injectable()
export class Delegations {
  constructor(private readonly instances: InstanceStore) {}

  async show(agents: readonly AgentRow[], now: bigint) {
    const keys = agents.map(({ agentPublicKey }) => agentPublicKey);
    const shown = await this.instances.shown(keys, now - secondsToNs(RIVALS_SHOWN_SECONDS));
    const byKey = new Map(shown.map((one) => [one.agentPublicKey, one]));
    return agents.map((agent) => showDelegation(agent, byKey.get(agent.agentPublicKey), now));
  }
}
