import { listMyContracts, listProviderContracts } from '@decent-cloud/messages/contracts';
import { CONTRACT_STATUSES } from '@decent-cloud/messages/words';
import type { Command } from 'commander';
import { amount, table, time } from '../print.ts';
import { type Run, verb, whole } from '../verb.ts';

export function addList(parent: Command, run: Run): void {
  verb<{ asProvider?: boolean; status?: string; limit: number }>(parent, run, {
    name: 'list',
    summary: 'list own contracts, newest first',
    example: 'contract list --identity alice --status active',
    configure: (command) =>
      command
        .option('--as-provider', 'what one lets instead of what one rents')
        .option('--status <status>', `only those in this status: ${CONTRACT_STATUSES.join(', ')}`)
        .option('--limit <count>', 'at most so many', whole(1, 200), 50),
    async run(session, { asProvider, status, limit }) {
      const input = { params: { pubkey: await session.publicKey() }, query: { limit, status } };
      const contracts = asProvider
        ? await session.call(listProviderContracts, input)
        : await session.call(listMyContracts, input);
      const rows = contracts.map((one) => [
        one.contract_id,
        one.status,
        one.offering_name ?? one.offering_id,
        (asProvider ? one.requester_username : one.provider_username) ??
          (asProvider ? one.requester_pubkey : one.provider_pubkey).slice(0, 12),
        one.duration_hours,
        amount(one.payment_amount_e9s, one.currency),
        time(one.created_at_ns),
      ]);
      const head = [
        'contract',
        'status',
        'offering',
        asProvider ? 'tenant' : 'provider',
        'hours',
        'amount',
        'created at',
      ];
      const total = rows.length > 0 ? `Total: ${rows.length} contract(s)\n` : '';
      return { json: contracts, text: table(head, rows, 'No contracts') + total };
    },
  });
}
