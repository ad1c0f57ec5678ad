import { type AnswerInput, facts, type VerbInput } from '@decent-cloud/messages';
import { disableKey } from '@decent-cloud/messages/accounts';
import { emitFact } from '@decent-cloud/outbox';
import { Database, type Sql } from '@decent-cloud/postgres';
import { Answers, requireUser, type User, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { assertNotLastKey, keyNotFound, NOT_YOUR_ACCOUNT, parseKeyId } from './domain/key-rules.ts';
import { showKey } from './domain/key-view.ts';
import { InvitationStore, keyOfInvitation } from './invitation/invitation.store.ts';
import { KeyStore, type Owner } from './key.store.ts';
import { OwnedAccounts } from './owned-accounts.ts';

type Shown = AnswerInput<typeof disableKey>;

/** Disables a key of the account, or withdraws an invitation; whoever was invited declines it with the same request. */
@Answers(disableKey)
export class DisableKey implements Verb<typeof disableKey> {
  constructor(
    private readonly database: Database,
    private readonly accounts: OwnedAccounts,
    private readonly keys: KeyStore,
    private readonly invitations: InvitationStore,
  ) {}

  async run({ params }: VerbInput<typeof disableKey>, context: VerbContext): Promise<Shown> {
    const user = requireUser(context.caller);
    const keyId = parseKeyId(params.key_id);
    const declined = await this.decline(params.username, keyId, user, context.now);
    if (declined) return declined;
    const request = { username: params.username, user, notYours: NOT_YOUR_ACCOUNT, context };
    return this.accounts.act(request, (sql, owner) => this.disable(sql, owner, keyId, context.now));
  }

  private decline(username: string, keyId: string, user: User, now: bigint): Promise<Shown | undefined> {
    return this.database.transaction(async (sql) => {
      const invitation = await this.invitations.removeOwn(sql, username, keyId, user.publicKey);
      return invitation && showKey({ ...keyOfInvitation(invitation), invited: false, disabledAtNs: now });
    });
  }

  private async disable(
    sql: Sql,
    { accountId, keyId: byKeyId }: Owner,
    keyId: string,
    now: bigint,
  ): Promise<Shown> {
    const key = await this.keys.find(sql, accountId, keyId);
    if (!key) {
      const withdrawn = await this.invitations.remove(sql, accountId, keyId);
      if (!withdrawn) throw keyNotFound();
      const gone = { invited: false, disabledAtNs: now, disabledByKeyId: byKeyId };
      return showKey({ ...keyOfInvitation(withdrawn), ...gone });
    }
    if (!key.isActive) return showKey(key);
    assertNotLastKey((await this.keys.count(sql, accountId)).active);
    const disabled = await this.keys.disable(sql, keyId, byKeyId, now);
    if (!disabled) throw keyNotFound('Key not found after disable');
    await emitFact(sql, facts.keyDisabled, { accountId, publicKey: disabled.publicKey, atNs: now }, now);
    return showKey(disabled);
  }
}
