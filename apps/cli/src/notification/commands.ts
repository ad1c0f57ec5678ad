import { listNotifications, markRead } from '@decent-cloud/messages/notifications';
import type { Command } from 'commander';
import { withContext } from '../context.ts';
import { table } from '../print.ts';

export function addNotificationCommands(program: Command): void {
  const notifications = program.command('notifications').description('what the platform told you');

  notifications
    .command('list')
    .description('newest first')
    .option('--limit <number>', 'at most 200', '50')
    .addHelpText('after', '\nExample: dc notifications list')
    .action(
      withContext(async ({ api, publicKey, print }, options: { limit: string }) => {
        const all = await api.call(listNotifications, {
          params: { pubkey: publicKey },
          query: { limit: options.limit },
        });
        print.result(all, () =>
          table(
            ['When', 'New', 'Title', 'Text'],
            all.map((one) => [
              new Date(Number(one.createdAt) * 1_000).toISOString(),
              one.readAt === undefined ? '*' : '',
              one.title,
              one.body,
            ]),
          ),
        );
      }),
    );

  notifications
    .command('read')
    .description('mark all as read')
    .addHelpText('after', '\nExample: dc notifications read')
    .action(
      withContext(async ({ api, publicKey, print }) => {
        await api.call(markRead, { params: { pubkey: publicKey }, body: { ids: [] } });
        print.result({ read: true }, () => 'All read');
      }),
    );
}
