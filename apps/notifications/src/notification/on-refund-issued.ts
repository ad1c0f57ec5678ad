import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { tellRefund } from './domain/money-texts.ts';
import { Messenger } from './messenger.ts';

@Reacts(facts.refundIssued)
export class OnRefundIssued implements Reaction<typeof facts.refundIssued> {
  constructor(private readonly messenger: Messenger) {}

  async react(
    fact: FactPayload<typeof facts.refundIssued>,
    { sql, messageId, now }: ReactionContext,
  ): Promise<void> {
    const { accountId, contractId } = fact;
    await this.messenger.tell(sql, { messageId, to: { accountId }, text: tellRefund(fact), contractId }, now);
  }
}
