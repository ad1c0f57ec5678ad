import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { tellWalletChange } from './domain/money-texts.ts';
import { Messenger } from './messenger.ts';

@Reacts(facts.walletChanged)
export class OnWalletChanged implements Reaction<typeof facts.walletChanged> {
  constructor(private readonly messenger: Messenger) {}

  async react(
    fact: FactPayload<typeof facts.walletChanged>,
    { sql, messageId, now }: ReactionContext,
  ): Promise<void> {
    const text = tellWalletChange(fact);
    if (text) await this.messenger.tell(sql, { messageId, to: { accountId: fact.accountId }, text }, now);
  }
}
