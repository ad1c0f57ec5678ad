import { disableKey } from '@decent-cloud/messages/accounts';
import type { Command } from 'commander';
import { details } from '../print.ts';
import { type Run, verb } from '../verb.ts';
import { ownAccount } from './get.ts';

export function addRemoveKey(parent: Command, run: Run): void {
  verb<{ username?: string }>(parent, run, {
    name: 'remove-key <key-id>',
    summary: 'disable a key of the account for good, or take back or decline an invitation',
    example: 'account remove-key c6fa341f99634d12ae3e94f7e4348ed1',
    writes: true,
    configure: (command) =>
      command.option(
        '--username <name>',
        'account of the key: to decline, the one that invited (by default the own)',
      ),
    async run(session, { username: given }, [key_id = '']) {
      await session.confirm(`remove the key ${key_id}? A disabled key never comes back`);
      const username = given ?? (await ownAccount(session)).username;
      const key = await session.call(disableKey, { params: { username, key_id } });
      return {
        json: key,
        text: details({ Account: username, 'Key id': key.id, 'Public key': key.publicKey, State: 'removed' }),
      };
    },
  });
}
