import { Refusal } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { labelDelegation } from '@decent-cloud/messages/agents';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { DelegationStore } from './delegation.store.ts';

@Answers(labelDelegation)
export class LabelDelegation implements Verb<typeof labelDelegation> {
  constructor(private readonly delegations: DelegationStore) {}

  async run({ params, body }: VerbInput<typeof labelDelegation>, { caller }: VerbContext): Promise<boolean> {
    requireUser(caller);
    if (await this.delegations.label(params.pubkey, params.agent_pubkey, body.label)) return true;
    throw new Refusal('NOT_FOUND', 'AGENT_NOT_FOUND', 'No active delegation found to update');
  }
}
