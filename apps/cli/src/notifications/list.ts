import { listNotifications } from '@decent-cloud/messages/notifications';
import type { Command } from 'commander';
import { seconds, table } from '../print.ts';
import { type Run, verb, whole } from '../verb.ts';

export function addList(parent: Command, run: Run): void {
  verb<{ limit: number }>(parent, run, {
    name: 'list',
    summary: 'list own notifications, newest first',
    example: 'notifications list --identity alice --limit 10',
    configure: (command) => command.option('--limit <count>', 'at most so many', whole(1, 200), 50),
    async run(session, { limit }) {
      const pubkey = await session.publicKey();
      const notifications = await session.call(listNotifications, { params: { pubkey }, query: { limit } });
      const rows = notifications.map((one) => [
        seconds(one.createdAt),
        one.readAt === undefined ? 'new' : 'read',
        one.title,
        one.body,
      ]);
      return { json: notifications, text: table(['at', 'state', 'title', 'text'], rows, 'No notifications') };
    },
  });
}
