import type { VerbInput } from '@decent-cloud/messages';
import { setWhenMachineLost } from '@decent-cloud/messages/contracts';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { ContractStore } from '../contract/contract.store.ts';
import { whenLost } from '../contract/domain/machine-availability.ts';
import { assertTenant } from '../contract/parties.ts';

@Answers(setWhenMachineLost)
export class SetWhenMachineLost implements Verb<typeof setWhenMachineLost> {
  constructor(private readonly store: ContractStore) {}

  async run(
    { params, body }: VerbInput<typeof setWhenMachineLost>,
    { caller, now }: VerbContext,
  ): Promise<string> {
    const user = requireUser(caller);
    const { whenMachineLost } = body;
    await this.store.change(
      params.id,
      (contract) => {
        assertTenant(user, contract, 'say what becomes of it when its machine is lost');
        return whenLost(contract, whenMachineLost);
      },
      now,
    );
    return whenMachineLost === 'end'
      ? 'If its machine is lost the rental ends, and what was not used is returned'
      : 'If its machine is lost another one is made on the same terms, without what was on it';
  }
}
