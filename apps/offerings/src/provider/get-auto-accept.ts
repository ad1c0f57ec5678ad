import type { VerbInput } from '@decent-cloud/messages';
import { getAutoAccept } from '@decent-cloud/messages/offerings';
import { Database } from '@decent-cloud/postgres';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { ProviderSettingStore } from './provider-setting.store.ts';

@Answers(getAutoAccept)
export class GetAutoAccept implements Verb<typeof getAutoAccept> {
  constructor(
    private readonly database: Database,
    private readonly settings: ProviderSettingStore,
  ) {}

  async run(_input: VerbInput<typeof getAutoAccept>, { caller }: VerbContext) {
    const user = requireUser(caller);
    const owner = { publicKey: user.publicKey, accountId: user.accountId ?? null };
    return { autoAcceptRentals: await this.settings.isAutoAccepting(this.database, owner) };
  }
}
