import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { ContractStore } from '../contract/contract.store.ts';
import { provisioningFailed } from '../contract/domain/machine.ts';

@Reacts(facts.provisioningFailed)
export class OnProvisioningFailed implements Reaction<typeof facts.provisioningFailed> {
  constructor(private readonly store: ContractStore) {}

  async react(
    fact: FactPayload<typeof facts.provisioningFailed>,
    { sql, now }: ReactionContext,
  ): Promise<void> {
    await this.store.changeIn(sql, fact.contractId, (contract) => provisioningFailed(contract, fact), now);
  }
}
