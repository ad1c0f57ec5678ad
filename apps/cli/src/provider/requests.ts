import { listPendingRequests } from '@decent-cloud/messages/contracts';
import type { Command } from 'commander';
import { amount, table, time } from '../print.ts';
import { type Run, verb } from '../verb.ts';

export function addRequests(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'requests',
    summary: 'list rental requests that wait for an answer',
    example: 'provider requests --identity acme',
    async run(session) {
      const requests = await session.call(listPendingRequests, {});
      const rows = requests.map((one) => [
        one.contract_id,
        one.offering_name ?? one.offering_id,
        one.requester_username ?? one.requester_pubkey.slice(0, 12),
        one.duration_hours,
        amount(one.payment_amount_e9s, one.currency),
        one.status,
        time(one.created_at_ns),
      ]);
      const head = ['contract', 'offering', 'tenant', 'hours', 'amount', 'state', 'asked at'];
      return { json: requests, text: table(head, rows, 'No requests wait') };
    },
  });
}
