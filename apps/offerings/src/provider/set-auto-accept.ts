import type { VerbInput } from '@decent-cloud/messages';
import { setAutoAccept } from '@decent-cloud/messages/offerings';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { ProviderSettingStore } from './provider-setting.store.ts';

@Answers(setAutoAccept)
export class SetAutoAccept implements Verb<typeof setAutoAccept> {
  constructor(private readonly settings: ProviderSettingStore) {}

  async run({ body }: VerbInput<typeof setAutoAccept>, { caller }: VerbContext) {
    const user = requireUser(caller);
    const owner = { publicKey: user.publicKey, accountId: user.accountId ?? null };
    await this.settings.setAutoAccept(owner, body.autoAcceptRentals);
    return { autoAcceptRentals: body.autoAcceptRentals };
  }
}
