import type { AnswerInput, VerbInput } from '@decent-cloud/messages';
import { addExternalKey } from '@decent-cloud/messages/accounts';
import { Database } from '@decent-cloud/postgres';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { KeyStore } from '../key/key.store.ts';
import { assertRoomForExternalKey, fingerprintOf, NOT_YOUR_KEYS } from './domain/external-key-rules.ts';
import { ExternalKeyStore } from './external-key.store.ts';

@Answers(addExternalKey)
export class AddExternalKey implements Verb<typeof addExternalKey> {
  constructor(
    private readonly database: Database,
    private readonly keys: KeyStore,
    private readonly externalKeys: ExternalKeyStore,
  ) {}

  async run(
    { params, body }: VerbInput<typeof addExternalKey>,
    { caller, operationId, now }: VerbContext,
  ): Promise<AnswerInput<typeof addExternalKey>> {
    const user = requireUser(caller);
    const keyFingerprint = fingerprintOf(body);
    const { keyType, label = null } = body;
    const keyData = body.keyData.trim();
    await this.database.transaction(async (sql) => {
      const { accountId } = await this.keys.lockOwned(sql, params.username, user, NOT_YOUR_KEYS);
      if (await this.externalKeys.isDone(sql, operationId)) return;
      assertRoomForExternalKey(await this.externalKeys.count(sql, accountId));
      await this.externalKeys.insert(
        sql,
        { accountId, keyType, keyData, keyFingerprint, label, operationId },
        now,
      );
    });
    return 'External key added successfully';
  }
}
