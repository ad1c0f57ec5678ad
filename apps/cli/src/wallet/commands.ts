import { getWallet, topUpWallet } from '@decent-cloud/messages/payments';
import { type Command, Option } from 'commander';
import { newKey, withContext } from '../context.ts';
import { CliError, EXIT } from '../failure.ts';
import { amount, table } from '../print.ts';

export function addWalletCommands(program: Command): void {
  const wallet = program.command('wallet').description('the own money on the platform');

  wallet
    .command('show')
    .description('balance and the newest movements')
    .addHelpText('after', '\nExample: dc wallet show')
    .action(
      withContext(async ({ api, publicKey, print }) => {
        const mine = await api.call(getWallet, { params: { pubkey: publicKey } });
        print.result(mine, () => {
          const rows = mine.recentLedger.map((entry) => [
            new Date(Number(entry.createdAt) * 1_000).toISOString(),
            entry.entryType,
            amount(entry.amountE9s),
            amount(entry.balanceAfterE9s),
            entry.reference,
          ]);
          return `Balance: ${amount(mine.balanceE9s ?? 0n)}\n\n${table(['When', 'What', 'Amount', 'Balance', 'Reference'], rows)}`;
        });
      }),
    );

  wallet
    .command('topup')
    .description('put money into the wallet')
    .requiredOption('--amount <usd>')
    .addOption(
      new Option('--method <method>', '`test` pays at once, outside production only').choices([
        'test',
        'stripe',
      ]),
    )
    .option('--idempotency-key <key>', 'the same key is one payment')
    .addHelpText('after', '\nExample: dc wallet topup --amount 25 --method test')
    .action(
      withContext(
        async (context, options: { amount: string; method?: 'test' | 'stripe'; idempotencyKey?: string }) => {
          context.confirmWrite();
          const amountUsd = Number(options.amount);
          if (!Number.isFinite(amountUsd))
            throw new CliError(EXIT.usage, `--amount is "${options.amount}": give a number`);
          const params = { pubkey: context.publicKey };
          const { checkoutUrl } = await context.api.call(
            topUpWallet,
            { params, body: { amountUsd, ...(options.method !== undefined && { method: options.method }) } },
            { idempotencyKey: options.idempotencyKey ?? newKey() },
          );
          if (options.method !== 'test') {
            context.print.result({ checkoutUrl }, () => `Open this page to pay:\n${checkoutUrl}`);
            return;
          }
          const { balanceE9s } = await context.api.call(getWallet, { params });
          context.print.result({ checkoutUrl, balanceE9s }, () => `Balance: ${amount(balanceE9s)}`);
        },
      ),
    );
}
