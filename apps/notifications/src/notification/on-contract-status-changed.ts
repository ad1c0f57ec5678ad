import { type FactPayload, facts } from '@decent-cloud/messages';
import { type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { MailStore } from '../mail/mail.store.ts';
import { tellStatusChange } from './domain/contract-texts.ts';
import { Messenger } from './messenger.ts';
import { NotificationStore } from './notification.store.ts';

@Reacts(facts.contractStatusChanged)
export class OnContractStatusChanged implements Reaction<typeof facts.contractStatusChanged> {
  constructor(
    private readonly notifications: NotificationStore,
    private readonly mails: MailStore,
    private readonly messenger: Messenger,
  ) {}

  async react(
    fact: FactPayload<typeof facts.contractStatusChanged>,
    { sql, messageId, now }: ReactionContext,
  ): Promise<void> {
    const { contractId, version, to: status } = fact;
    const isNewest = await this.notifications.noteStanding(sql, { contractId, version, status }, now);
    if (isNewest) await this.mails.dropOvertaken(sql, contractId, status, now);
    const told = tellStatusChange(fact);
    const options = { whileStatus: status, isOvertaken: !isNewest };
    const tenant = { accountId: fact.requesterAccountId, publicKey: fact.requesterPublicKey };
    const provider = fact.providerAccountId
      ? { accountId: fact.providerAccountId, publicKey: fact.providerPublicKey }
      : { publicKey: fact.providerPublicKey };
    if (told.tenant) {
      await this.messenger.tell(sql, { messageId, to: tenant, text: told.tenant, contractId }, now, options);
    }
    if (told.provider) {
      await this.messenger.tell(
        sql,
        { messageId, to: provider, text: told.provider, contractId },
        now,
        options,
      );
    }
  }
}
