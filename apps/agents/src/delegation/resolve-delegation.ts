import { requests, type VerbInput } from '@decent-cloud/messages';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { DelegationStore } from './delegation.store.ts';
import { isActive } from './domain/liveness.ts';

const { resolveDelegation } = requests;

@Answers(resolveDelegation)
export class ResolveDelegation implements Verb<typeof resolveDelegation> {
  constructor(private readonly delegations: DelegationStore) {}

  async run({ body }: VerbInput<typeof resolveDelegation>, { caller, now }: VerbContext) {
    requireService(caller);
    const agent = await this.delegations.find(body.agentPublicKey);
    if (!agent || !isActive(agent, now)) return { active: false, permissions: [] };
    return {
      active: true,
      providerPublicKey: agent.providerPublicKey,
      ...(agent.poolId === null ? {} : { poolId: agent.poolId }),
      permissions: agent.permissions,
    };
  }
}
