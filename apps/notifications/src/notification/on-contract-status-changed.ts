import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { Channels } from '../channels/channels.ts';
import { tellStatusChange } from './domain/contract-texts.ts';
import { Messenger } from './messenger.ts';
import { NotificationStore } from './notification.store.ts';
import { providerOf, tenantOf } from './parties.ts';

@Reacts(facts.contractStatusChanged)
export class OnContractStatusChanged implements Reaction<typeof facts.contractStatusChanged> {
  constructor(
    private readonly notifications: NotificationStore,
    private readonly channels: Channels,
    private readonly messenger: Messenger,
  ) {}

  async react(
    fact: FactPayload<typeof facts.contractStatusChanged>,
    { sql, messageId, now }: ReactionContext,
  ): Promise<void> {
    const { contractId, version, to: status } = fact;
    const isNewest = await this.notifications.noteStanding(sql, { contractId, version, status }, now);
    if (isNewest) await this.channels.dropOvertaken(sql, contractId, status, now);
    const told = tellStatusChange(fact);
    const options = { whileStatus: status, isOvertaken: !isNewest };
    for (const [to, text] of [
      [tenantOf(fact), told.tenant],
      [providerOf(fact), told.provider],
    ] as const) {
      if (text) await this.messenger.tell(sql, { messageId, to, text, contractId }, now, options);
    }
  }
}
