import { respondToRequest } from '@decent-cloud/messages/contracts';
import type { Command } from 'commander';
import { actOn } from '../contract/allowed-actions.ts';
import { type Run, verb } from '../verb.ts';

export function addRespond(parent: Command, run: Run, name: 'accept' | 'reject'): void {
  const done = name === 'accept' ? 'Accepted' : 'Rejected';
  verb<{ memo?: string }>(parent, run, {
    name: `${name} <contract-id>`,
    summary: name === 'accept' ? 'accept a rental request' : 'reject a rental request; the money goes back',
    example: `provider ${name} 123959ac0712d750896ad9bf1f30262724f7381cd777f3684ed8ecf7a5bdee1d --identity acme`,
    writes: true,
    configure: (command) => command.option('--memo <text>', 'a word to the tenant'),
    async run(session, { memo }, [contractId = '']) {
      const message = await actOn(session, contractId, respondToRequest, {
        params: { id: contractId },
        body: { accept: name === 'accept', memo },
      });
      return { json: { contractId, accepted: name === 'accept', message }, text: `${done} ${contractId}\n` };
    },
  });
}
