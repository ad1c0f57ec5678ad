import { cancelContract } from '@decent-cloud/messages/contracts';
import type { Command } from 'commander';
import { type Run, verb } from '../verb.ts';
import { actOn } from './allowed-actions.ts';
import { EXAMPLE_ID } from './get.ts';

export function addCancel(parent: Command, run: Run): void {
  verb<{ memo?: string }>(parent, run, {
    name: 'cancel <id>',
    summary: 'end a rental; unused time is paid back',
    example: `contract cancel ${EXAMPLE_ID} --memo "done"`,
    writes: true,
    configure: (command) => command.option('--memo <text>', 'why'),
    async run(session, { memo }, [typed = '']) {
      const id = await session.contractId(typed);
      const message = await actOn(session, id, cancelContract, { params: { id }, body: { memo } });
      return { json: { contractId: id, message }, text: `Cancelled ${id}\n` };
    },
  });
}
