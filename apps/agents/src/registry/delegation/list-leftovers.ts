import type { AnswerInput, VerbInput } from '@decent-cloud/messages';
import { listLeftovers } from '@decent-cloud/messages/agents';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { DelegationStore } from './delegation.store.ts';

/** What a provider has to clean up by hand. */
@Answers(listLeftovers)
export class ListLeftovers implements Verb<typeof listLeftovers> {
  constructor(private readonly delegations: DelegationStore) {}

  async run(
    { params, query }: VerbInput<typeof listLeftovers>,
    { caller }: VerbContext,
  ): Promise<AnswerInput<typeof listLeftovers>> {
    requireUser(caller);
    return this.delegations.leftoversOf(params.pubkey, query);
  }
}
