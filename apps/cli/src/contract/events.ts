import { listContractEvents } from '@decent-cloud/messages/contracts';
import type { Command } from 'commander';
import { table, time } from '../print.ts';
import { type Run, verb, whole } from '../verb.ts';
import { EXAMPLE_ID } from './get.ts';

export function addEvents(parent: Command, run: Run): void {
  verb<{ limit: number }>(parent, run, {
    name: 'events <id>',
    summary: 'what happened to a contract, oldest first',
    example: `contract events ${EXAMPLE_ID}`,
    configure: (command) => command.option('--limit <count>', 'at most so many', whole(1, 500), 200),
    async run(session, { limit }, [typed = '']) {
      const id = await session.contractId(typed);
      const events = await session.call(listContractEvents, { params: { id }, query: { limit } });
      const rows = events.map((event) => [
        time(event.createdAt),
        event.eventType,
        event.newStatus === undefined ? undefined : `${event.oldStatus ?? '-'} → ${event.newStatus}`,
        event.actor,
        event.details,
      ]);
      return { json: events, text: table(['at', 'what', 'status', 'by', 'details'], rows, 'No events') };
    },
  });
}
