import type { AnswerInput, VerbInput } from '@decent-cloud/messages';
import { deleteExternalKey } from '@decent-cloud/messages/accounts';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { OwnedAccounts } from '../key/owned-accounts.ts';
import { NOT_YOUR_KEYS } from './domain/external-key-rules.ts';
import { ExternalKeyStore } from './external-key.store.ts';

@Answers(deleteExternalKey)
export class DeleteExternalKey implements Verb<typeof deleteExternalKey> {
  constructor(
    private readonly accounts: OwnedAccounts,
    private readonly externalKeys: ExternalKeyStore,
  ) {}

  async run(
    { params }: VerbInput<typeof deleteExternalKey>,
    context: VerbContext,
  ): Promise<AnswerInput<typeof deleteExternalKey>> {
    const user = requireUser(context.caller);
    const request = { username: params.username, user, notYours: NOT_YOUR_KEYS, context };
    await this.accounts.act(request, async (sql, { accountId }) => {
      await this.externalKeys.delete(sql, accountId, params.key_id);
    });
    return 'External key deleted successfully';
  }
}
