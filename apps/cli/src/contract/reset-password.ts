import { resetPassword } from '@decent-cloud/messages/contracts';
import type { Command } from 'commander';
import { type Run, verb } from '../verb.ts';
import { actOn } from './allowed-actions.ts';
import { EXAMPLE_ID } from './get.ts';
import { waitForAction } from './wait-for-action.ts';

export function addResetPassword(parent: Command, run: Run): void {
  verb<{ wait?: boolean }>(parent, run, {
    name: 'reset-password <id>',
    summary: 'have a new password set on a machine, sealed for the keys of the account',
    example: `contract reset-password ${EXAMPLE_ID} --wait`,
    writes: true,
    configure: (command) =>
      command.option('--wait', 'until the new password is set, --timeout seconds at most'),
    async run(session, { wait }, [typed = '']) {
      const id = await session.contractId(typed);
      const message = await actOn(session, id, resetPassword, { params: { id } });
      if (!wait) return { json: { contractId: id, message }, text: `${message}\n` };
      await waitForAction(session, 'reset-password', id);
      return {
        json: { contractId: id, message, outcome: 'done' },
        text: `The new password is set. See it: dc contract credentials ${id}\n`,
      };
    },
  });
}
