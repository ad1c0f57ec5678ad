import { facts, requests, type VerbInput } from '@decent-cloud/messages';
import { topUpWallet } from '@decent-cloud/messages/payments';
import { emitFact } from '@decent-cloud/outbox';
import { Database } from '@decent-cloud/postgres';
import { Answers, Bus, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { Companies } from '../companies/companies.ts';
import { LedgerStore } from '../ledger/ledger.store.ts';
import { topUpAmountE9s, WALLET_CURRENCY } from './domain/wallet.ts';

@Answers(topUpWallet)
export class TopUpWallet implements Verb<typeof topUpWallet> {
  constructor(
    private readonly database: Database,
    private readonly ledger: LedgerStore,
    private readonly companies: Companies,
    private readonly bus: Bus,
  ) {}

  async run(
    { body }: VerbInput<typeof topUpWallet>,
    { caller, requestId, operationId, now }: VerbContext,
  ): Promise<{ checkoutUrl: string; creditedE9s: bigint; balanceE9s: bigint }> {
    const user = requireUser(caller);
    const amountE9s = topUpAmountE9s(body.amountUsd);
    const company = this.companies.of(body.method);
    const accountId =
      user.accountId ??
      (await this.bus.ask(requests.ensureAccount, { body: { publicKey: user.publicKey } }, { requestId }))
        .accountId;
    const currency = WALLET_CURRENCY;
    const { checkoutUrl, paid } = await company.begin({ operationId, accountId, amountE9s, currency });
    const balanceE9s = await this.database.transaction(async (sql) => {
      const posted = await this.ledger.post(sql, paid, now);
      const balanceE9s = posted.balanceAfterE9s({ kind: 'wallet', owner: accountId });
      if (balanceE9s === undefined) throw new Error(`no posting for the wallet of ${accountId}`);
      if (!posted.isNew) return balanceE9s;
      await emitFact(
        sql,
        facts.walletChanged,
        {
          accountId,
          entryType: 'topup',
          amountE9s,
          balanceE9s,
          currency,
          reference: operationId,
          atNs: now,
        },
        now,
      );
      return balanceE9s;
    });
    return { checkoutUrl, creditedE9s: amountE9s, balanceE9s };
  }
}
