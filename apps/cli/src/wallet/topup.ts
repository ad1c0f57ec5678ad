import { topUpWallet } from '@decent-cloud/messages/payments';
import { type Command, Option } from 'commander';
import { details } from '../print.ts';
import { decimal, type Run, verb } from '../verb.ts';

export function addTopup(parent: Command, run: Run): void {
  verb<{ amount: number; method?: 'test' | 'stripe' }>(parent, run, {
    name: 'topup',
    summary: 'put money into the wallet',
    example: 'wallet topup --identity alice --amount 25 --method test',
    writes: true,
    configure: (command) =>
      command
        .requiredOption('--amount <usd>', 'how much, in USD', decimal)
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
      return {
        json: answer,
        text:
          method === 'test'
            ? `Topped up by ${amount.toFixed(2)} USD. See it: dc wallet show\n`
            : details({ 'Pay here': answer.checkoutUrl }),
      };
    },
  });
}
