import { Refusal } from '@decent-cloud/kernel';
import type { AnswerInput } from '@decent-cloud/messages';
import { getAccount } from '@decent-cloud/messages/accounts';
import { Answers, SETTINGS, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import type { AccountsSettings } from '../settings.ts';
import { AccountStore } from './account.store.ts';
import { showAccount } from './domain/account-view.ts';

@Answers(getAccount)
export class GetAccount implements Verb<typeof getAccount> {
  constructor(
    private readonly accounts: AccountStore,
    @Inject(SETTINGS) private readonly settings: AccountsSettings,
  ) {}

  async run(
    { params }: { params: { username: string } },
    { caller }: VerbContext,
  ): Promise<AnswerInput<typeof getAccount>> {
    const account = await this.accounts.findByUsername(params.username);
    if (!account) throw new Refusal('NOT_FOUND', 'ACCOUNT_NOT_FOUND', 'Account not found');
    return showAccount(account, caller, this.settings.ADMIN_PUBLIC_KEYS);
  }
}
