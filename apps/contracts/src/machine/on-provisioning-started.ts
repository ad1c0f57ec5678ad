import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { ContractStore } from '../contract/contract.store.ts';
import { provisioningStarted } from '../contract/domain/machine.ts';

@Reacts(facts.provisioningStarted)
export class OnProvisioningStarted implements Reaction<typeof facts.provisioningStarted> {
  constructor(private readonly store: ContractStore) {}

  async react(
    fact: FactPayload<typeof facts.provisioningStarted>,
    { sql, now }: ReactionContext,
  ): Promise<void> {
    await this.store.changeIn(sql, fact.contractId, (contract) => provisioningStarted(contract, fact), now);
  }
}
