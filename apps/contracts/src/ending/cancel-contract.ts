import type { VerbInput } from '@decent-cloud/messages';
import { cancelContract } from '@decent-cloud/messages/contracts';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { ContractStore } from '../contract/contract.store.ts';
import { cancel } from '../contract/domain/decide.ts';
import { assertTenant } from '../contract/parties.ts';

@Answers(cancelContract)
export class CancelContract implements Verb<typeof cancelContract> {
  constructor(private readonly store: ContractStore) {}

  async run(
    { params, body }: VerbInput<typeof cancelContract>,
    { caller, operationId, now }: VerbContext,
  ): Promise<string> {
    const user = requireUser(caller);
    await this.store.change(
      params.id,
      (contract) => {
        assertTenant(user, contract, 'cancel this contract');
        return cancel({ publicKey: user.publicKey, memo: body.memo });
      },
      now,
      operationId,
    );
    return 'Rental request cancelled successfully';
  }
}
