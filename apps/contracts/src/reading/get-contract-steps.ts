import type { AnswerInput, VerbInput } from '@decent-cloud/messages';
import { getContractSteps } from '@decent-cloud/messages/contracts';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { ContractStore } from '../contract/contract.store.ts';
import { stepsOf } from '../contract/domain/steps/steps-of.ts';
import { assertEitherParty } from '../contract/parties.ts';

@Answers(getContractSteps)
export class GetContractSteps implements Verb<typeof getContractSteps> {
  constructor(private readonly store: ContractStore) {}

  async run(
    { params }: VerbInput<typeof getContractSteps>,
    { caller, now }: VerbContext,
  ): Promise<AnswerInput<typeof getContractSteps>> {
    const user = requireUser(caller);
    const contract = await this.store.find(params.id);
    assertEitherParty(user, contract);
    return {
      contract_id: contract.contractId,
      status: contract.status,
      as_of_ns: now,
      steps: [...stepsOf(contract, now)],
    };
  }
}
