import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { ContractStore } from '../contract/contract.store.ts';
import { refunded } from '../contract/domain/decide.ts';

@Reacts(facts.refundIssued)
export class OnRefundIssued implements Reaction<typeof facts.refundIssued> {
  constructor(private readonly store: ContractStore) {}

  async react(fact: FactPayload<typeof facts.refundIssued>, { sql, now }: ReactionContext): Promise<void> {
    await this.store.changeIn(sql, fact.contractId, (contract) => refunded(contract, fact), now);
  }
}
