import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '../../src/index.ts';

@Reacts(facts.contractEnded)
export class OnContractEnded implements Reaction<typeof facts.contractEnded> {
  async react(fact: FactPayload<typeof facts.contractEnded>, { sql }: ReactionContext): Promise<void> {
    await sql.query('insert into refund_seen values ($1)', [fact.contractId]);
  }
}
