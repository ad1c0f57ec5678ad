import type { Command } from 'commander';
import { EXIT } from '../exit.ts';
import { type Run, verb } from '../verb.ts';
import { checkApi, checkLine } from './check-api.ts';

export function addApi(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'api',
    summary: 'does the door of the platform answer?',
    example: 'health api',
    async run(session) {
      const check = await checkApi(session);
      return {
        json: check,
        text: checkLine(check),
        exitCode: check.healthy ? EXIT.ok : EXIT.failure,
      };
    },
  });
}
