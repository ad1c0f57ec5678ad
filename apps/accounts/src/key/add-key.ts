import { randomId } from '@decent-cloud/kernel';
import type { AnswerInput, VerbInput } from '@decent-cloud/messages';
import { addKey } from '@decent-cloud/messages/accounts';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { assertRoomForInvitation, keyTaken, NOT_YOUR_ACCOUNT } from './domain/key-rules.ts';
import { showKey } from './domain/key-view.ts';
import { InvitationStore, keyOfInvitation } from './invitation/invitation.store.ts';
import { KeyStore } from './key.store.ts';
import { OwnedAccounts } from './owned-accounts.ts';
import { requireSafeKey } from './require-safe-key.ts';

/** Invites a key. Who holds it is asked nothing, told nothing and changed in nothing; asking twice is asking once. */
@Answers(addKey)
export class AddKey implements Verb<typeof addKey> {
  constructor(
    private readonly accounts: OwnedAccounts,
    private readonly keys: KeyStore,
    private readonly invitations: InvitationStore,
  ) {}

  async run(
    { params, body }: VerbInput<typeof addKey>,
    context: VerbContext,
  ): Promise<AnswerInput<typeof addKey>> {
    const { operationId, now } = context;
    const user = requireUser(context.caller);
    const publicKey = body.newPublicKey;
    requireSafeKey(publicKey);
    const request = { username: params.username, user, notYours: NOT_YOUR_ACCOUNT, context };
    return this.accounts.act(request, async (sql, { accountId }) => {
      const known = await this.invitations.find(sql, accountId, publicKey);
      if (known) return showKey(keyOfInvitation(known));
      if ((await this.keys.accountIdOf(sql, publicKey)) !== undefined) throw keyTaken();
      assertRoomForInvitation(await this.keys.count(sql, accountId));
      const invitation = { id: randomId(), publicKey, operationId };
      await this.invitations.insert(sql, accountId, invitation, now);
      return showKey(keyOfInvitation({ ...invitation, deviceName: null, invitedAtNs: now }));
    });
  }
}
