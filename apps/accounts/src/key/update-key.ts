import type { AnswerInput, VerbInput } from '@decent-cloud/messages';
import { updateKey } from '@decent-cloud/messages/accounts';
import { Database } from '@decent-cloud/postgres';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { showKey } from '../account/domain/account-view.ts';
import { keyNotFound, NOT_YOUR_ACCOUNT, parseKeyId } from './domain/key-rules.ts';
import { KeyStore } from './key.store.ts';

@Answers(updateKey)
export class UpdateKey implements Verb<typeof updateKey> {
  constructor(
    private readonly database: Database,
    private readonly keys: KeyStore,
  ) {}

  async run(
    { params, body }: VerbInput<typeof updateKey>,
    { caller }: VerbContext,
  ): Promise<AnswerInput<typeof updateKey>> {
    const user = requireUser(caller);
    const keyId = parseKeyId(params.key_id);
    return this.database.transaction(async (sql) => {
      const { accountId } = await this.keys.lockOwned(sql, params.username, user, NOT_YOUR_ACCOUNT);
      const key = await this.keys.rename(sql, accountId, keyId, body.deviceName ?? null);
      if (!key) {
        const isAnothers = await this.keys.exists(sql, keyId);
        throw isAnothers ? keyNotFound('Key does not belong to this account') : keyNotFound();
      }
      return showKey(key);
    });
  }
}
