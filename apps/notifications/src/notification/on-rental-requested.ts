import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { tellRequest } from './domain/contract-texts.ts';
import { Messenger } from './messenger.ts';
import { NotificationStore } from './notification.store.ts';
import { providerOf } from './parties.ts';

/** A paid request waits for its provider. */
@Reacts(facts.rentalRequested)
export class OnRentalRequested implements Reaction<typeof facts.rentalRequested> {
  constructor(
    private readonly notifications: NotificationStore,
    private readonly messenger: Messenger,
  ) {}

  async react(
    fact: FactPayload<typeof facts.rentalRequested>,
    { sql, messageId, now }: ReactionContext,
  ): Promise<void> {
    const { contractId, version, status } = fact;
    const isNewest = await this.notifications.noteStanding(sql, { contractId, version, status }, now);
    await this.messenger.tell(
      sql,
      { messageId, to: providerOf(fact), text: tellRequest(fact), contractId },
      now,
      { whileStatus: status, isOvertaken: !isNewest },
    );
  }
}
