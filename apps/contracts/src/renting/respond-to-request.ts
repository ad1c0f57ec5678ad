import type { VerbInput } from '@decent-cloud/messages';
import { respondToRequest } from '@decent-cloud/messages/contracts';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { ContractStore } from '../contract/contract.store.ts';
import { accept, reject } from '../contract/domain/decide.ts';
import { assertProvider } from '../contract/parties.ts';

@Answers(respondToRequest)
export class RespondToRequest implements Verb<typeof respondToRequest> {
  constructor(private readonly store: ContractStore) {}

  async run(
    { params, body }: VerbInput<typeof respondToRequest>,
    { caller, operationId, now }: VerbContext,
  ): Promise<string> {
    const user = requireUser(caller);
    const by = { publicKey: user.publicKey, memo: body.memo };
    await this.store.change(
      params.id,
      (contract) => {
        assertProvider(user, contract, 'answer this request');
        return body.accept ? accept(by) : reject(by);
      },
      now,
      operationId,
    );
    return body.accept ? 'Contract accepted' : 'Contract rejected';
  }
}
