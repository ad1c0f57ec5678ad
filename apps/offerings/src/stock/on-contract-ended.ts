import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { StockStore } from './stock.store.ts';

/** A contract is over: its unit is for rent again. */
@Reacts(facts.contractEnded)
export class OnContractEnded implements Reaction<typeof facts.contractEnded> {
  constructor(private readonly stock: StockStore) {}

  async react(ended: FactPayload<typeof facts.contractEnded>, { sql, now }: ReactionContext): Promise<void> {
    await this.stock.release(sql, ended.holdId, now);
  }
}
