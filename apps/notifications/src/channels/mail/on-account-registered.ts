import { type FactPayload, facts } from '@decent-cloud/messages';
import { LOGGER, type Logger, type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import { isMailAddress } from './domain/address.ts';
import { RecipientStore } from './recipient.store.ts';

/** Remembers where an account wants its mail. */
@Reacts(facts.accountRegistered)
export class OnAccountRegistered implements Reaction<typeof facts.accountRegistered> {
  constructor(
    private readonly recipients: RecipientStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async react(fact: FactPayload<typeof facts.accountRegistered>, { sql }: ReactionContext): Promise<void> {
    const { accountId, email, atNs } = fact;
    const isUsable = email === undefined || isMailAddress(email);
    if (!isUsable) this.logger.warn({ accountId }, 'the address of this account cannot get mail');
    await this.recipients.note(sql, { accountId, email: isUsable ? email : undefined, atNs });
  }
}
