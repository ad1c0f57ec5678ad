import type { AnswerInput, VerbInput } from '@decent-cloud/messages';
import { addExternalKey } from '@decent-cloud/messages/accounts';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { OwnedAccounts } from '../key/owned-accounts.ts';
import { assertRoomForExternalKey, keptKeyOf, NOT_YOUR_KEYS } from './domain/external-key-rules.ts';
import { ExternalKeyStore } from './external-key.store.ts';

@Answers(addExternalKey)
export class AddExternalKey implements Verb<typeof addExternalKey> {
  constructor(
    private readonly accounts: OwnedAccounts,
    private readonly externalKeys: ExternalKeyStore,
  ) {}

  async run(
    { params, body }: VerbInput<typeof addExternalKey>,
    context: VerbContext,
  ): Promise<AnswerInput<typeof addExternalKey>> {
    const { operationId, now } = context;
    const user = requireUser(context.caller);
    const { keyData, keyFingerprint } = keptKeyOf(body);
    const { keyType, label = null } = body;
    const request = { username: params.username, user, notYours: NOT_YOUR_KEYS, context };
    await this.accounts.act(request, async (sql, { accountId }) => {
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
