import { listExternalKeys } from '@decent-cloud/messages/accounts';
import type { Command } from 'commander';
import { table } from '../print.ts';
import { type Run, verb } from '../verb.ts';
import { ownAccount } from './get.ts';

export function addListSshKeys(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'list-ssh-keys [username]',
    summary: 'list the SSH keys that an account shows',
    example: 'account list-ssh-keys --identity alice',
    async run(session, _options, [given]) {
      const username = given ?? (await ownAccount(session)).username;
      const keys = await session.call(listExternalKeys, { params: { username } });
      const rows = keys.map((key) => [key.id, key.keyType, key.keyFingerprint, key.label]);
      return { json: keys, text: table(['id', 'type', 'fingerprint', 'label'], rows, 'No SSH keys') };
    },
  });
}
