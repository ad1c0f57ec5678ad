import { type AnswerInput, requests } from '@decent-cloud/messages';
import { Answers, requireService, SETTINGS, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import type { AccountsSettings } from '../settings.ts';
import { AccountStore } from './account.store.ts';

@Answers(requests.resolveKey)
export class ResolveKey implements Verb<typeof requests.resolveKey> {
  constructor(
    private readonly accounts: AccountStore,
    @Inject(SETTINGS) private readonly settings: AccountsSettings,
  ) {}

  async run(
    { body }: { body: { publicKey: string } },
    { caller }: VerbContext,
  ): Promise<AnswerInput<typeof requests.resolveKey>> {
    requireService(caller);
    const standing = await this.accounts.standingOf(body.publicKey, this.settings.ADMIN_PUBLIC_KEYS);
    if (!standing) return { status: 'unknown' };
    const { accountId, isActive, isAdmin } = standing;
    return { status: isActive ? 'active' : 'disabled', accountId, isAdmin };
  }
}
