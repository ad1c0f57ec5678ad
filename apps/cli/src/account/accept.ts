import { acceptInvitation } from '@decent-cloud/messages/accounts';
import type { Command } from 'commander';
import { details } from '../print.ts';
import { type Run, verb } from '../verb.ts';

export function addAccept(parent: Command, run: Run): void {
  verb<{ share?: boolean }>(parent, run, {
    name: 'accept <username>',
    summary: 'join the account that has invited the key of the identity',
    example: 'account accept alice --identity laptop',
    writes: true,
    configure: (command) =>
      command.option(
        '--share',
        'what the key owns already comes along: all keys of the account may act for it',
      ),
    async run(session, { share = false }, [username = '']) {
      await session.confirm(
        `join the account "${username}"? All of its keys act for it, and any of them can disable this one`,
      );
      const key = await session.call(acceptInvitation, { params: { username }, body: { share } });
      return {
        json: key,
        text: details({ Account: username, 'Key id': key.id, 'Public key': key.publicKey, State: 'active' }),
      };
    },
  });
}
