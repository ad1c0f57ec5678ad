import { Refusal } from '@decent-cloud/kernel';
import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { ContractStore } from '../contract/contract.store.ts';
import { charged } from '../contract/domain/decide.ts';

@Reacts(facts.rentalCharged)
export class OnRentalCharged implements Reaction<typeof facts.rentalCharged> {
  constructor(private readonly store: ContractStore) {}

  async react(fact: FactPayload<typeof facts.rentalCharged>, { sql, now }: ReactionContext): Promise<void> {
    try {
      await this.store.changeIn(sql, fact.contractId, (contract) => charged(contract, fact, now), now);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // A refusal would be acknowledged; money that fits nothing must be looked at.
      throw new Error(`a charge of ${fact.amountE9s} fits no contract ${fact.contractId}`, { cause: error });
    }
  }
}
