import { CONTRACT_STATUSES, type ContractStatus } from '@decent-cloud/messages/words';
import { type Command, Option } from 'commander';
import { type Run, verb } from '../verb.ts';
import { describeContract } from './describe-contract.ts';
import { askForSteps, describeSteps } from './describe-steps.ts';
import { EXAMPLE_ID } from './get.ts';
import { WAIT_SECONDS, waitForState } from './wait-for-state.ts';

export function addWait(parent: Command, run: Run): void {
  verb<{ state: ContractStatus }>(parent, run, {
    name: 'wait <id>',
    summary: 'wait for a state or one beyond; --timeout says how long, by default 300 s',
    example: `contract wait ${EXAMPLE_ID} --state active --timeout 300`,
    configure: (command) =>
      command.addOption(
        new Option('--state <state>', 'what to wait for').choices(CONTRACT_STATUSES).default('active'),
      ),
    async run(session, { state }, [typed = '']) {
      const contractId = await session.contractId(typed);
      const timeoutSeconds = session.options.timeout ?? WAIT_SECONDS;
      const contract = await waitForState(session, { contractId, state, timeoutSeconds });
      const steps = await askForSteps(session, contractId);
      return {
        json: steps ? { ...contract, steps } : contract,
        text: (await describeContract(session, contract)) + describeSteps(steps ?? []),
      };
    },
  });
}
