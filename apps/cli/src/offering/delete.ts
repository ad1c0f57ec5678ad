import { deleteOffering } from '@decent-cloud/messages/offerings';
import type { Command } from 'commander';
import { details } from '../print.ts';
import { id, type Run, verb } from '../verb.ts';

export function addDelete(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'delete',
    summary: 'take an own offering off the market for good; running rentals go on',
    example: 'offering delete 13 --identity acme',
    writes: true,
    configure: (command) => command.argument('<id>', 'number of the offering', id),
    async run(session, _options, [typed = '']) {
      const params = { pubkey: await session.publicKey(), id: typed };
      const message = await session.call(deleteOffering, { params });
      return { json: { id: BigInt(typed), message }, text: details({ Id: typed, Message: message }) };
    },
  });
}
