import { Refusal } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { getAgentStatus } from '@decent-cloud/messages/agents';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { isActive, isOnline } from '../agent/domain/liveness.ts';
import { DelegationStore } from './delegation.store.ts';

/** For everybody; version and resources only for the provider, since they tell an attacker what to try. */
@Answers(getAgentStatus)
export class GetAgentStatus implements Verb<typeof getAgentStatus> {
  constructor(private readonly delegations: DelegationStore) {}

  async run({ params }: VerbInput<typeof getAgentStatus>, { caller, now }: VerbContext) {
    const agent = await this.delegations.seenLast(params.pubkey);
    if (!agent) throw new Refusal('NOT_FOUND', 'AGENT_NOT_FOUND', 'No agent found for this provider');
    const isProvider = caller.kind === 'user' && caller.publicKey === params.pubkey;
    const hasBeaten = agent.lastHeartbeatNs !== null;
    return {
      providerPubkey: params.pubkey,
      online: isActive(agent, now) && isOnline(agent.lastHeartbeatNs, now),
      lastHeartbeatNs: agent.lastHeartbeatNs,
      version: isProvider ? agent.version : null,
      provisionerType: agent.provisionerTypes[0] ?? null,
      capabilities: isProvider && hasBeaten ? agent.provisionerTypes : null,
      activeContracts: agent.activeContracts,
      resources: isProvider ? agent.resources : null,
    };
  }
}
