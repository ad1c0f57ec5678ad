import { type FactPayload, facts } from '@decent-cloud/messages';
import { emitFact } from '@decent-cloud/outbox';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { StockStore } from './stock.store.ts';

/** A contract is over: its unit is for rent again. */
@Reacts(facts.contractEnded)
export class OnContractEnded implements Reaction<typeof facts.contractEnded> {
  constructor(private readonly stock: StockStore) {}

  async react(ended: FactPayload<typeof facts.contractEnded>, { sql, now }: ReactionContext): Promise<void> {
    const { contractId, holdId } = ended;
    await this.stock.release(sql, holdId, now);
    // Also when it went back before: whoever keeps the contract has not heard of that.
    await emitFact(sql, facts.stockReleased, { contractId, holdId, atNs: now }, now);
  }
}
