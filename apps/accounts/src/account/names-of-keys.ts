import { type AnswerInput, requests } from '@decent-cloud/messages';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { AccountStore } from './account.store.ts';

@Answers(requests.namesOfKeys)
export class NamesOfKeys implements Verb<typeof requests.namesOfKeys> {
  constructor(private readonly accounts: AccountStore) {}

  async run(
    { body }: { body: { publicKeys: string[] } },
    { caller }: VerbContext,
  ): Promise<AnswerInput<typeof requests.namesOfKeys>> {
    requireService(caller);
    return { names: await this.accounts.namesOf(body.publicKeys) };
  }
}
