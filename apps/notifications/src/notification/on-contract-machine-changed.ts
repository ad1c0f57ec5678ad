import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { tellMachineChange } from './domain/machine-texts.ts';
import { Messenger } from './messenger.ts';

@Reacts(facts.contractMachineChanged)
export class OnContractMachineChanged implements Reaction<typeof facts.contractMachineChanged> {
  constructor(private readonly messenger: Messenger) {}

  async react(
    fact: FactPayload<typeof facts.contractMachineChanged>,
    { sql, messageId, now }: ReactionContext,
  ): Promise<void> {
    const { contractId, requesterAccountId, requesterPublicKey, providerAccountId, providerPublicKey } = fact;
    const told = tellMachineChange(fact);
    if (!told) return;
    const tenant = { accountId: requesterAccountId, publicKey: requesterPublicKey };
    const provider = {
      publicKey: providerPublicKey,
      ...(providerAccountId && { accountId: providerAccountId }),
    };
    await this.messenger.tell(sql, { messageId, to: tenant, text: told.tenant, contractId }, now);
    await this.messenger.tell(sql, { messageId, to: provider, text: told.provider, contractId }, now);
  }
}
