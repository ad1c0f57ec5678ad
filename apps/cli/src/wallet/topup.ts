import { topUpWallet } from '@decent-cloud/messages/payments';
import { type Command, Option } from 'commander';
import { details, amount as money } from '../print.ts';
import { type Run, verb, wholeCents } from '../verb.ts';

const WALLET_CURRENCY = 'USD';

export function addTopup(parent: Command, run: Run): void {
  verb<{ amount: number; method?: 'test' | 'stripe' }>(parent, run, {
    name: 'topup',
    summary: 'put money into the wallet',
    example: 'wallet topup --identity alice --amount 25 --method test',
    writes: true,
    configure: (command) =>
      command
        .requiredOption('--amount <usd>', 'how much, in USD and whole cents', wholeCents)
        .addOption(
          new Option('--method <method>', 'test pays at once (never in production)').choices([
            'test',
            'stripe',
          ]),
        ),
    async run(session, { amount, method }) {
      const answer = await session.call(topUpWallet, {
        params: { pubkey: await session.publicKey() },
        body: { amountUsd: amount, method },
      });
      const { checkoutUrl, creditedE9s, balanceE9s } = answer;
      if (creditedE9s === undefined) return { json: answer, text: details({ 'Pay here': checkoutUrl }) };
      // The money is there: an address to pay at would only lead to paying twice.
      return {
        json: { creditedE9s, balanceE9s, currency: WALLET_CURRENCY },
        text: details({
          Credited: money(creditedE9s, WALLET_CURRENCY),
          Balance: money(balanceE9s, WALLET_CURRENCY),
        }),
      };
    },
  });
}
