import type { VerbInput } from '@decent-cloud/messages';
import { getContract } from '@decent-cloud/messages/contracts';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { AccountDirectory } from '../contract/account-directory.ts';
import { ContractStore } from '../contract/contract.store.ts';
import type { ContractJson } from '../contract/contract.view.ts';
import { assertEitherParty } from '../contract/parties.ts';

@Answers(getContract)
export class GetContract implements Verb<typeof getContract> {
  constructor(
    private readonly store: ContractStore,
    private readonly directory: AccountDirectory,
  ) {}

  async run({ params }: VerbInput<typeof getContract>, { caller }: VerbContext): Promise<ContractJson> {
    const user = requireUser(caller);
    const contract = await this.store.find(params.id);
    assertEitherParty(user, contract);
    const [shown] = await this.directory.withNames([contract], user);
    return shown as ContractJson;
  }
}
