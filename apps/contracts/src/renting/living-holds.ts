import type { AnswerInput, VerbInput } from '@decent-cloud/messages';
import { requests } from '@decent-cloud/messages';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { ContractStore } from '../contract/contract.store.ts';

@Answers(requests.livingHolds)
export class LivingHolds implements Verb<typeof requests.livingHolds> {
  constructor(private readonly store: ContractStore) {}

  async run(
    { body }: VerbInput<typeof requests.livingHolds>,
    { caller }: VerbContext,
  ): Promise<AnswerInput<typeof requests.livingHolds>> {
    requireService(caller);
    return { living: await this.store.livingOperations(body.holdIds) };
  }
}
