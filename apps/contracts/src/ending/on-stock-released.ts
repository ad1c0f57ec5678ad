import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { ContractStore } from '../contract/contract.store.ts';
import { stockReleased } from '../contract/domain/decide.ts';

@Reacts(facts.stockReleased)
export class OnStockReleased implements Reaction<typeof facts.stockReleased> {
  constructor(private readonly store: ContractStore) {}

  async react(fact: FactPayload<typeof facts.stockReleased>, { sql, now }: ReactionContext): Promise<void> {
    await this.store.changeIn(sql, fact.contractId, (contract) => stockReleased(contract, fact), now);
  }
}
