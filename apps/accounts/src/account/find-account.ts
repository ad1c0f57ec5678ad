import { Refusal } from '@decent-cloud/kernel';
import type { AnswerInput } from '@decent-cloud/messages';
import { findAccount } from '@decent-cloud/messages/accounts';
import { Answers, SETTINGS, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import type { AccountsSettings } from '../settings.ts';
import { AccountStore } from './account.store.ts';
import { showAccount } from './domain/account-view.ts';

@Answers(findAccount)
export class FindAccount implements Verb<typeof findAccount> {
  constructor(
    private readonly accounts: AccountStore,
    @Inject(SETTINGS) private readonly settings: AccountsSettings,
  ) {}

  async run(
    { query }: { query: { publicKey: string } },
    { caller }: VerbContext,
  ): Promise<AnswerInput<typeof findAccount>> {
    const account = await this.accounts.findByActiveKey(query.publicKey);
    if (!account) throw new Refusal('NOT_FOUND', 'ACCOUNT_NOT_FOUND', 'Account not found');
    return showAccount(account, caller, this.settings.ADMIN_PUBLIC_KEYS);
  }
}
