import { getContractSteps } from '@decent-cloud/messages/contracts';
import type { Command } from 'commander';
import { plain, time } from '../print.ts';
import { type Run, verb } from '../verb.ts';
import { describeStep } from './describe-steps.ts';
import { EXAMPLE_ID } from './get.ts';

export function addSteps(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'steps <id>',
    summary: 'how far a rental is: every step with its time, and after the end what is taken back',
    example: `contract steps ${EXAMPLE_ID}`,
    async run(session, _options, [typed = '']) {
      const id = await session.contractId(typed);
      const view = await session.call(getContractSteps, { params: { id } });
      const lines = view.steps.map((step) => {
        // Why it failed or was skipped stands in the line itself.
        const isTold = step.state === 'failed' || step.state === 'skipped';
        return `${describeStep(step)}\n${isTold ? '' : `    ${step.owner}: ${plain(step.text)}\n`}`;
      });
      const head = `Status: ${plain(view.status)}, as of ${time(view.as_of_ns)}\n`;
      return { json: view, text: head + lines.join('') };
    },
  });
}
