import { Refusal } from '@decent-cloud/kernel';
import type { AnswerInput, VerbInput } from '@decent-cloud/messages';
import { listExternalKeys } from '@decent-cloud/messages/accounts';
import { Answers, type Verb } from '@decent-cloud/runtime';
import { ExternalKeyStore } from './external-key.store.ts';

@Answers(listExternalKeys)
export class ListExternalKeys implements Verb<typeof listExternalKeys> {
  constructor(private readonly externalKeys: ExternalKeyStore) {}

  async run({
    params,
    query,
  }: VerbInput<typeof listExternalKeys>): Promise<AnswerInput<typeof listExternalKeys>> {
    const accountId = await this.externalKeys.accountIdOf(params.username);
    if (accountId === undefined) throw new Refusal('NOT_FOUND', 'ACCOUNT_NOT_FOUND', 'Account not found');
    const afterId = parseCursor(query.cursor);
    const rows = await this.externalKeys.list(accountId, { ...query, afterId });
    return rows.map((row) => ({
      id: row.id,
      keyType: row.keyType,
      keyData: row.keyData,
      keyFingerprint: row.keyFingerprint ?? undefined,
      label: row.label ?? undefined,
    }));
  }
}

function parseCursor(cursor: string | undefined): bigint | undefined {
  if (cursor === undefined || cursor === '') return undefined;
  if (/^\d{1,18}$/.test(cursor)) return BigInt(cursor);
  throw new Refusal('INVALID', 'INVALID_INPUT', 'cursor: must be the id of the last key that you have');
}
