import type { VerbInput } from '@decent-cloud/messages';
import { listProviderContracts } from '@decent-cloud/messages/contracts';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { AccountDirectory } from '../contract/account-directory.ts';
import type { ContractJson } from '../contract/contract.view.ts';
import { ContractListsStore, statusFilter } from './contract-lists.store.ts';

@Answers(listProviderContracts)
export class ListProviderContracts implements Verb<typeof listProviderContracts> {
  constructor(
    private readonly lists: ContractListsStore,
    private readonly directory: AccountDirectory,
  ) {}

  async run(
    { query }: VerbInput<typeof listProviderContracts>,
    { caller }: VerbContext,
  ): Promise<ContractJson[]> {
    const user = requireUser(caller);
    return this.directory.withNames(
      await this.lists.ofParty('provider', user, query, statusFilter(query.status)),
      user,
    );
  }
}
