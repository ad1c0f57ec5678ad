import { Refusal } from '@decent-cloud/kernel';
import { facts, requests, type VerbInput } from '@decent-cloud/messages';
import { PAGES } from '@decent-cloud/messages/pages';
import { topUpWallet } from '@decent-cloud/messages/payments';
import { emitFact } from '@decent-cloud/outbox';
import { Database } from '@decent-cloud/postgres';
import { Answers, Bus, requireUser, SETTINGS, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import { testTopUp } from '../ledger/domain/transfer.ts';
import { LedgerStore } from '../ledger/ledger.store.ts';
import type { PaymentsSettings } from '../service.ts';
import { topUpAmountE9s, WALLET_CURRENCY } from './domain/wallet.ts';

@Answers(topUpWallet)
export class TopUpWallet implements Verb<typeof topUpWallet> {
  constructor(
    private readonly database: Database,
    private readonly ledger: LedgerStore,
    private readonly bus: Bus,
    @Inject(SETTINGS) private readonly settings: PaymentsSettings,
  ) {}

  async run(
    { body }: VerbInput<typeof topUpWallet>,
    { caller, requestId, operationId, now }: VerbContext,
  ): Promise<{ checkoutUrl: string; creditedE9s: bigint; balanceE9s: bigint }> {
    const user = requireUser(caller);
    const amountE9s = topUpAmountE9s(body.amountUsd);
    this.assertTestMoney(body.method);
    const accountId =
      user.accountId ??
      (await this.bus.ask(requests.ensureAccount, { body: { publicKey: user.publicKey } }, { requestId }))
        .accountId;
    const currency = WALLET_CURRENCY;
    const balanceE9s = await this.database.transaction(async (sql) => {
      const posted = await this.ledger.post(
        sql,
        testTopUp({ operationId, accountId, amountE9s, currency }),
        now,
      );
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
    const checkoutUrl = new URL(`${PAGES.wallet}?topup=success`, this.settings.PUBLIC_URL).href;
    return { checkoutUrl, creditedE9s: amountE9s, balanceE9s };
  }

  /** Outside production, whoever names no method gets test money as long as no payment company is set up. */
  private assertTestMoney(method: 'test' | 'stripe' | undefined): void {
    const isProduction = this.settings.ENVIRONMENT === 'prod';
    const wanted = method ?? (isProduction ? 'stripe' : 'test');
    if (wanted === 'test' && !isProduction) return;
    throw new Refusal(
      'UNPROCESSABLE',
      'PAYMENT_METHOD_UNAVAILABLE',
      wanted === 'test' ? 'Test money does not exist in production' : 'Card payments are not set up here',
    );
  }
}
