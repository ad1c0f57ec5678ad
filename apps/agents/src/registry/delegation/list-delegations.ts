import type { VerbInput } from '@decent-cloud/messages';
import { listDelegations } from '@decent-cloud/messages/agents';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { DelegationStore } from './delegation.store.ts';
import { Delegations } from './delegations.ts';

@Answers(listDelegations)
export class ListDelegations implements Verb<typeof listDelegations> {
  constructor(
    private readonly delegations: DelegationStore,
    private readonly shown: Delegations,
  ) {}

  async run({ params, query }: VerbInput<typeof listDelegations>, { caller, now }: VerbContext) {
    requireUser(caller);
    const agents = await this.delegations.listOfProvider(params.pubkey, query);
    return this.shown.show(agents, now);
  }
}
