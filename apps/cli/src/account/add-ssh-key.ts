import { addExternalKey } from '@decent-cloud/messages/accounts';
import type { Command } from 'commander';
import { details } from '../print.ts';
import { readSshPublicKey } from '../ssh/read-public-key.ts';
import { type Run, verb } from '../verb.ts';
import { ownAccount } from './get.ts';

export function addAddSshKey(parent: Command, run: Run): void {
  verb<{ key: string; label?: string }>(parent, run, {
    name: 'add-ssh-key',
    summary: 'show an SSH public key at the account',
    example: 'account add-ssh-key --key ~/.ssh/id_ed25519.pub --label laptop',
    writes: true,
    configure: (command) =>
      command
        .requiredOption('--key <file|line>', 'file of the public key, or its line')
        .option('--label <text>', 'what it is'),
    async run(session, { key, label }) {
      const { line, parsed } = await readSshPublicKey(key, session.outside.home);
      const { username } = await ownAccount(session);
      await session.call(addExternalKey, {
        params: { username },
        body: { keyType: parsed.type, keyData: line, keyFingerprint: parsed.fingerprint, label },
      });
      return {
        json: { username, keyType: parsed.type, fingerprint: parsed.fingerprint, label: label ?? null },
        text: details({
          Account: username,
          Type: parsed.type,
          Fingerprint: parsed.fingerprint,
          Label: label,
        }),
      };
    },
  });
}
