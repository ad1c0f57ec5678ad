import { nsToSeconds } from '@decent-cloud/kernel';
import { requests, type VerbInput } from '@decent-cloud/messages';
import { getWallet } from '@decent-cloud/messages/payments';
import { Answers, Bus, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { PaymentsPrisma } from '../payments.prisma.ts';
import { entryTypeOf, WALLET_CURRENCY } from './domain/wallet.ts';

const ENTRIES_SHOWN = 20;

@Answers(getWallet)
export class GetWallet implements Verb<typeof getWallet> {
  constructor(
    private readonly prisma: PaymentsPrisma,
    private readonly bus: Bus,
  ) {}

  async run(_input: VerbInput<typeof getWallet>, { caller, requestId }: VerbContext) {
    const user = requireUser(caller);
    // The gateway may not know yet of an account that is seconds old; reading a wallet makes no account.
    const accountId =
      user.accountId ??
      (await this.bus.ask(requests.resolveKey, { body: { publicKey: user.publicKey } }, { requestId }))
        .accountId;
    const wallet =
      accountId === undefined
        ? null
        : await this.prisma.ledgerAccount.findUnique({
            where: { kind_owner_currency: { kind: 'wallet', owner: accountId, currency: WALLET_CURRENCY } },
            include: {
              postings: {
                orderBy: { id: 'desc' },
                take: ENTRIES_SHOWN,
                include: { transfer: true },
              },
            },
          });
    if (!wallet) return { balanceE9s: null, recentLedger: [] };
    return {
      balanceE9s: wallet.balanceE9s,
      recentLedger: wallet.postings.map(({ id, amountE9s, balanceAfterE9s, transfer }) => ({
        id,
        amountE9s,
        balanceAfterE9s,
        entryType: entryTypeOf(transfer.purpose),
        reference: transfer.reference,
        createdAt: nsToSeconds(transfer.createdAtNs),
      })),
    };
  }
}
