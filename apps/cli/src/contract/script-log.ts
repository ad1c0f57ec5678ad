import { getScriptRun } from '@decent-cloud/messages/contracts';
import type { Command } from 'commander';
import { plainLines } from '../print.ts';
import { type Run, verb } from '../verb.ts';
import { EXAMPLE_ID } from './get.ts';

export function addScriptLog(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'script-log <id>',
    summary:
      "how the offering's script has ended in a machine, and what it has printed: its end, 256 KiB at most",
    example: `contract script-log ${EXAMPLE_ID}`,
    async run(session, _options, [typed = '']) {
      const id = await session.contractId(typed);
      const script = await session.call(getScriptRun, { params: { id } });
      if (script === null) session.note('No script has run in this machine');
      else session.note(howEnded(script.exitCode));
      return {
        json: { contractId: id, log: null, ...script },
        text: plainLines(script?.log ?? ''),
      };
    },
  });
}

const howEnded = (exitCode: number): string =>
  exitCode === -1 ? 'The script was ended from outside' : `The script has ended with exit code ${exitCode}`;
