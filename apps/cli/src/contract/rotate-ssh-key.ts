import { rotateSshKey } from '@decent-cloud/messages/contracts';
import type { Command } from 'commander';
import { rememberPrivateKey } from '../ssh/private-key-files.ts';
import { readSshPublicKey } from '../ssh/read-public-key.ts';
import { type Run, verb } from '../verb.ts';
import { actOn } from './allowed-actions.ts';
import { EXAMPLE_ID } from './get.ts';
import { waitForAction } from './wait-for-action.ts';

export function addRotateSshKey(parent: Command, run: Run): void {
  verb<{ sshPubkey: string; wait?: boolean }>(parent, run, {
    name: 'rotate-ssh-key <id>',
    summary: 'let another SSH key into a machine, and the present one no more',
    example: `contract rotate-ssh-key ${EXAMPLE_ID} --ssh-pubkey ~/.ssh/id_new.pub --wait`,
    writes: true,
    configure: (command) =>
      command
        .requiredOption('--ssh-pubkey <file|line>', 'the new public key')
        .option('--wait', 'until the machine lets it in, --timeout seconds at most'),
    async run(session, { sshPubkey, wait }, [typed = '']) {
      const id = await session.contractId(typed);
      const key = await readSshPublicKey(sshPubkey, session.outside.home);
      const { line, parsed } = key;
      await rememberPrivateKey(session, key);
      const message = await actOn(session, id, rotateSshKey, {
        params: { id },
        body: { newSshPubkey: line },
      });
      if (!wait) return { json: { contractId: id, message }, text: `${message}\n` };
      await waitForAction(session, 'rotate-ssh-key', id);
      const { fingerprint } = parsed;
      return {
        json: { contractId: id, message, outcome: 'done', fingerprint },
        text: `From now on the machine lets in ${fingerprint}\n`,
      };
    },
  });
}
