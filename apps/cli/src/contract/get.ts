import { getContract } from '@decent-cloud/messages/contracts';
import type { Command } from 'commander';
import { type Run, verb } from '../verb.ts';
import { describeContract } from './describe-contract.ts';
import { askForSteps, describeSteps } from './describe-steps.ts';

export const EXAMPLE_ID = '123959ac0712d750896ad9bf1f30262724f7381cd777f3684ed8ecf7a5bdee1d';

export function addGet(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'get <id>',
    summary: 'show a contract to its tenant or provider',
    example: `contract get ${EXAMPLE_ID}`,
    async run(session, _options, [typed = '']) {
      const id = await session.contractId(typed);
      const contract = await session.call(getContract, { params: { id } });
      const steps = await askForSteps(session, id);
      return {
        json: steps ? { ...contract, steps } : contract,
        text: (await describeContract(session, contract)) + describeSteps(steps ?? []),
      };
    },
  });
}
