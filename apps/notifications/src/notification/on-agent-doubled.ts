import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { tellAgentDoubled } from './domain/agent-texts.ts';
import { Messenger } from './messenger.ts';

@Reacts(facts.agentDoubled)
export class OnAgentDoubled implements Reaction<typeof facts.agentDoubled> {
  constructor(private readonly messenger: Messenger) {}

  async react(
    fact: FactPayload<typeof facts.agentDoubled>,
    { sql, messageId, now }: ReactionContext,
  ): Promise<void> {
    const { providerPublicKey: publicKey, providerAccountId: accountId } = fact;
    const to = accountId === undefined ? { publicKey } : { accountId, publicKey };
    await this.messenger.tell(sql, { messageId, to, text: tellAgentDoubled(fact) }, now);
  }
}
