import { type AnswerInput, facts, type VerbInput } from '@decent-cloud/messages';
import { disableKey } from '@decent-cloud/messages/accounts';
import { emitFact } from '@decent-cloud/outbox';
import { Database } from '@decent-cloud/postgres';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { showKey } from '../account/domain/account-view.ts';
import { assertNotLastKey, keyNotFound, NOT_YOUR_ACCOUNT, parseKeyId } from './domain/key-rules.ts';
import { KeyStore } from './key.store.ts';

@Answers(disableKey)
export class DisableKey implements Verb<typeof disableKey> {
  constructor(
    private readonly database: Database,
    private readonly keys: KeyStore,
  ) {}

  async run(
    { params }: VerbInput<typeof disableKey>,
    { caller, now }: VerbContext,
  ): Promise<AnswerInput<typeof disableKey>> {
    const user = requireUser(caller);
    const keyId = parseKeyId(params.key_id);
    return this.database.transaction(async (sql) => {
      const owner = await this.keys.lockOwned(sql, params.username, user, NOT_YOUR_ACCOUNT);
      const key = await this.keys.find(sql, owner.accountId, keyId);
      if (!key) throw keyNotFound();
      if (!key.isActive) return showKey(key);
      assertNotLastKey((await this.keys.count(sql, owner.accountId)).active);
      const disabled = await this.keys.disable(sql, keyId, owner.keyId, now);
      if (!disabled) throw keyNotFound('Key not found after disable');
      const { accountId } = owner;
      await emitFact(sql, facts.keyDisabled, { accountId, publicKey: disabled.publicKey, atNs: now }, now);
      return showKey(disabled);
    });
  }
}
