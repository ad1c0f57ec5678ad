import { listInvitations } from '@decent-cloud/messages/accounts';
import type { Command } from 'commander';
import { table, time } from '../print.ts';
import { type Run, verb } from '../verb.ts';

export function addInvitations(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'invitations',
    summary: 'list the accounts that have invited the key of the identity',
    example: 'account invitations --identity laptop',
    async run(session) {
      const pubkey = await session.publicKey();
      const invitations = await session.call(listInvitations, { params: { pubkey } });
      const rows = invitations.map((one) => [one.username, one.keyId, time(one.invitedAtNs)]);
      return {
        json: invitations,
        text: table(['account', 'key id', 'invited at'], rows, 'No invitations'),
      };
    },
  });
}
