import { setWhenMachineLost, whenMachineLost } from '@decent-cloud/messages/contracts';
import { Argument, type Command, Option } from 'commander';
import { type Run, verb } from '../verb.ts';
import { actOn } from './allowed-actions.ts';
import { EXAMPLE_ID } from './get.ts';

const CHOICES = whenMachineLost.options;

export const whenMachineLostOption = (): Option =>
  new Option(
    '--when-machine-lost <choice>',
    'what becomes of the rental then: it ends (by default), or another machine is made',
  ).choices(CHOICES);

export function addWhenMachineLost(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'when-machine-lost <id>',
    summary: 'say what becomes of a rental when its machine is lost: it ends, or another machine is made',
    example: `contract when-machine-lost ${EXAMPLE_ID} make-again`,
    writes: true,
    configure: (command) => command.addArgument(new Argument('<choice>', 'what to choose').choices(CHOICES)),
    async run(session, _options, [typed = '', choice]) {
      const chosen = whenMachineLost.parse(choice);
      const id = await session.contractId(typed);
      const message = await actOn(session, id, setWhenMachineLost, {
        params: { id },
        body: { whenMachineLost: chosen },
      });
      return { json: { contractId: id, whenMachineLost: chosen, message }, text: `${message}\n` };
    },
  });
}
