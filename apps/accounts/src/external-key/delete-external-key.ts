import type { AnswerInput, VerbInput } from '@decent-cloud/messages';
import { deleteExternalKey } from '@decent-cloud/messages/accounts';
import { Database } from '@decent-cloud/postgres';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { KeyStore } from '../key/key.store.ts';
import { NOT_YOUR_KEYS } from './domain/external-key-rules.ts';
import { ExternalKeyStore } from './external-key.store.ts';

@Answers(deleteExternalKey)
export class DeleteExternalKey implements Verb<typeof deleteExternalKey> {
  constructor(
    private readonly database: Database,
    private readonly keys: KeyStore,
    private readonly externalKeys: ExternalKeyStore,
  ) {}

  async run(
    { params }: VerbInput<typeof deleteExternalKey>,
    { caller }: VerbContext,
  ): Promise<AnswerInput<typeof deleteExternalKey>> {
    const user = requireUser(caller);
    await this.database.transaction(async (sql) => {
      const { accountId } = await this.keys.lockOwned(sql, params.username, user, NOT_YOUR_KEYS);
      await this.externalKeys.delete(sql, accountId, params.key_id);
    });
    return 'External key deleted successfully';
  }
}
