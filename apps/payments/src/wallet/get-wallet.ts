import { nsToSeconds } from '@decent-cloud/kernel';
import { requests, type VerbInput } from '@decent-cloud/messages';
import { getWallet } from '@decent-cloud/messages/payments';
import { Answers, Bus, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { entryTypeOf } from './domain/wallet.ts';
import { WalletStore } from './wallet.store.ts';

const ENTRIES_SHOWN = 20;

@Answers(getWallet)
export class GetWallet implements Verb<typeof getWallet> {
  constructor(
    private readonly wallets: WalletStore,
    private readonly bus: Bus,
  ) {}

  async run(_input: VerbInput<typeof getWallet>, { caller, requestId }: VerbContext) {
    const user = requireUser(caller);
    // The gateway may not know yet of an account that is seconds old; reading a wallet makes no account.
    const accountId =
      user.accountId ??
      (await this.bus.ask(requests.resolveKey, { body: { publicKey: user.publicKey } }, { requestId }))
        .accountId;
    const wallet = accountId === undefined ? undefined : await this.wallets.find(accountId, ENTRIES_SHOWN);
    if (!wallet) return { balanceE9s: null, recentLedger: [] };
    return {
      balanceE9s: wallet.balanceE9s,
      recentLedger: wallet.entries.map(
        ({ id, amountE9s, balanceAfterE9s, purpose, reference, createdAtNs }) => ({
          id,
          amountE9s,
          balanceAfterE9s,
          entryType: entryTypeOf(purpose),
          reference,
          createdAt: nsToSeconds(createdAtNs),
        }),
      ),
    };
  }
}
