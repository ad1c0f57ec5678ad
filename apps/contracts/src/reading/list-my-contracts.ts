import type { VerbInput } from '@decent-cloud/messages';
import { listMyContracts } from '@decent-cloud/messages/contracts';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { AccountDirectory } from '../contract/account-directory.ts';
import type { ContractJson } from '../contract/contract.view.ts';
import { ContractListsStore, statusFilter } from './contract-lists.store.ts';

@Answers(listMyContracts)
export class ListMyContracts implements Verb<typeof listMyContracts> {
  constructor(
    private readonly lists: ContractListsStore,
    private readonly directory: AccountDirectory,
  ) {}

  async run({ query }: VerbInput<typeof listMyContracts>, { caller }: VerbContext): Promise<ContractJson[]> {
    const user = requireUser(caller);
    return this.directory.withNames(
      await this.lists.ofParty('requester', user, query, statusFilter(query.status)),
      user,
    );
  }
}
