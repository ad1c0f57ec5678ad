import { getAutoAccept, setAutoAccept } from '@decent-cloud/messages/offerings';
import { Argument, type Command } from 'commander';
import { type Run, verb } from '../verb.ts';

export function addAutoAccept(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'auto-accept',
    summary: 'accept paid requests without asking? Without on or off: show it',
    example: 'provider auto-accept on --identity acme',
    writes: true,
    configure: (command) =>
      command.addArgument(new Argument('[state]', 'what to choose').choices(['on', 'off'])),
    async run(session, _options, [state]) {
      const setting =
        state === 'on' || state === 'off'
          ? await session.call(setAutoAccept, { body: { autoAcceptRentals: state === 'on' } })
          : await session.call(getAutoAccept, {});
      return { json: setting, text: `Auto-accept is ${setting.autoAcceptRentals ? 'on' : 'off'}\n` };
    },
  });
}
