import { getWallet } from '@decent-cloud/messages/payments';
import type { Command } from 'commander';
import { amount, details, seconds, table } from '../print.ts';
import { type Run, verb } from '../verb.ts';

export function addShow(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'show',
    summary: 'show balance and newest entries',
    example: 'wallet show --identity alice',
    async run(session) {
      const wallet = await session.call(getWallet, { params: { pubkey: await session.publicKey() } });
      const rows = wallet.recentLedger.map((entry) => [
        seconds(entry.createdAt),
        entry.entryType,
        amount(entry.amountE9s),
        amount(entry.balanceAfterE9s),
        entry.reference,
      ]);
      return {
        json: wallet,
        text:
          details({ Balance: amount(wallet.balanceE9s ?? 0n) }) +
          table(['at', 'what', 'amount', 'balance after', 'reference'], rows, 'No entries yet'),
      };
    },
  });
}
