import { addKey, updateKey } from '@decent-cloud/messages/accounts';
import type { Command } from 'commander';
import { details } from '../print.ts';
import { type Run, verb } from '../verb.ts';
import { ownAccount } from './get.ts';

export function addAddKey(parent: Command, run: Run): void {
  verb<{ deviceName?: string }>(parent, run, {
    name: 'add-key <public-key>',
    summary: 'invite another key, say of a second computer, to the account; there: dc account accept',
    example: 'account add-key 03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8',
    writes: true,
    configure: (command) => command.option('--device-name <name>', 'what holds the key'),
    async run(session, { deviceName }, [newPublicKey = '']) {
      const { username } = await ownAccount(session);
      const added = await session.call(addKey, { params: { username }, body: { newPublicKey } });
      const params = { username, key_id: added.id };
      const key =
        deviceName === undefined ? added : await session.call(updateKey, { params, body: { deviceName } });
      return {
        json: key,
        text:
          details({ Account: username, 'Key id': key.id, 'Public key': key.publicKey }) +
          `Invited. The key joins when its holder runs: dc account accept ${username}\n`,
      };
    },
  });
}
