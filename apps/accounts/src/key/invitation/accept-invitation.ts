import { Refusal } from '@decent-cloud/kernel';
import type { AnswerInput, VerbInput } from '@decent-cloud/messages';
import { acceptInvitation } from '@decent-cloud/messages/accounts';
import { Database } from '@decent-cloud/postgres';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { keyTaken } from '../domain/key-rules.ts';
import { showKey } from '../domain/key-view.ts';
import { KeyStore } from '../key.store.ts';
import { InvitationStore } from './invitation.store.ts';
import { Joining } from './joining.ts';

/** The signing key joins the account that has invited it. Accepting again gives the same answer. */
@Answers(acceptInvitation)
export class AcceptInvitation implements Verb<typeof acceptInvitation> {
  constructor(
    private readonly database: Database,
    private readonly keys: KeyStore,
    private readonly invitations: InvitationStore,
    private readonly joining: Joining,
  ) {}

  async run(
    { params, body }: VerbInput<typeof acceptInvitation>,
    { caller, requestId, now }: VerbContext,
  ): Promise<AnswerInput<typeof acceptInvitation>> {
    const { publicKey } = requireUser(caller);
    const isInvited = await this.invitations.isOpen(params.username, publicKey);
    if (isInvited && !body.share) await this.joining.requireOwnsNothing(publicKey, requestId);
    return this.database.transaction(async (sql) => {
      const { accountId, keyId } = await this.keys.lockAccount(sql, params.username, publicKey);
      const present = keyId === undefined ? undefined : await this.keys.find(sql, accountId, keyId);
      if (present) return showKey(present);
      if ((await this.keys.accountIdOf(sql, publicKey)) !== undefined) throw keyTaken();
      const joined = isInvited ? await this.joining.join(sql, accountId, publicKey, now) : undefined;
      if (joined) return showKey(joined);
      throw new Refusal('NOT_FOUND', 'INVITATION_NOT_FOUND', 'This account has not invited the signing key');
    });
  }
}
