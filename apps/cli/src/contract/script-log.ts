import { getRecipeLog } from '@decent-cloud/messages/contracts';
import type { Command } from 'commander';
import { plainLines } from '../print.ts';
import { type Run, verb } from '../verb.ts';
import { EXAMPLE_ID } from './get.ts';

export function addScriptLog(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'script-log <id>',
    summary: "what the offering's script has printed in a machine: its end, 256 KiB at most",
    example: `contract script-log ${EXAMPLE_ID}`,
    async run(session, _options, [typed = '']) {
      const id = await session.contractId(typed);
      const log = await session.call(getRecipeLog, { params: { id } });
      if (log === null) session.note('No script has run in this machine');
      return { json: { contractId: id, log }, text: plainLines(log ?? '') };
    },
  });
}
