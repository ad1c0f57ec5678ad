import type { VerbInput } from '@decent-cloud/messages';
import { listPendingRequests } from '@decent-cloud/messages/contracts';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { AccountDirectory } from '../contract/account-directory.ts';
import type { ContractJson } from '../contract/contract.view.ts';
import { awaitsAnswer, lifecycle } from '../contract/domain/status.ts';
import { ContractListsStore } from './contract-lists.store.ts';

@Answers(listPendingRequests)
export class ListPendingRequests implements Verb<typeof listPendingRequests> {
  constructor(
    private readonly lists: ContractListsStore,
    private readonly directory: AccountDirectory,
  ) {}

  async run(
    { query }: VerbInput<typeof listPendingRequests>,
    { caller }: VerbContext,
  ): Promise<ContractJson[]> {
    const user = requireUser(caller);
    return this.directory.withNames(
      await this.lists.ofParty('provider', user, query, lifecycle.states.filter(awaitsAnswer)),
      user,
    );
  }
}
