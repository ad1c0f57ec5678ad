import type { AnswerInput, VerbInput } from '@decent-cloud/messages';
import { updateKey } from '@decent-cloud/messages/accounts';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { keyNotFound, NOT_YOUR_ACCOUNT, parseKeyId } from './domain/key-rules.ts';
import { showKey } from './domain/key-view.ts';
import { InvitationStore, keyOfInvitation } from './invitation/invitation.store.ts';
import { KeyStore } from './key.store.ts';
import { OwnedAccounts } from './owned-accounts.ts';

@Answers(updateKey)
export class UpdateKey implements Verb<typeof updateKey> {
  constructor(
    private readonly accounts: OwnedAccounts,
    private readonly keys: KeyStore,
    private readonly invitations: InvitationStore,
  ) {}

  async run(
    { params, body }: VerbInput<typeof updateKey>,
    context: VerbContext,
  ): Promise<AnswerInput<typeof updateKey>> {
    const user = requireUser(context.caller);
    const keyId = parseKeyId(params.key_id);
    const deviceName = body.deviceName ?? null;
    const request = { username: params.username, user, notYours: NOT_YOUR_ACCOUNT, context };
    return this.accounts.act(request, async (sql, { accountId }) => {
      const key = await this.keys.rename(sql, accountId, keyId, deviceName);
      if (key) return showKey(key);
      const invitation = await this.invitations.rename(sql, accountId, keyId, deviceName);
      if (invitation) return showKey(keyOfInvitation(invitation));
      const isAnothers = await this.keys.exists(sql, keyId);
      throw isAnothers ? keyNotFound('Key does not belong to this account') : keyNotFound();
    });
  }
}
