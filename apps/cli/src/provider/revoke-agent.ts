import { revokeDelegation } from '@decent-cloud/messages/agents';
import type { Command } from 'commander';
import { details } from '../print.ts';
import { type Run, verb } from '../verb.ts';

export function addRevokeAgent(parent: Command, run: Run): void {
  verb<{ giveUpMachines?: boolean }>(parent, run, {
    name: 'revoke-agent <public-key>',
    summary: 'stop an agent from acting for the identity, for good',
    example: `provider revoke-agent ${'ab'.repeat(32)} --identity acme`,
    writes: true,
    configure: (command) =>
      command.option(
        '--give-up-machines',
        'also when it has some: their rentals end, or are made again elsewhere; clean up what leftover-machines lists',
      ),
    async run(session, { giveUpMachines }, [agent_pubkey = '']) {
      await session.call(revokeDelegation, {
        params: { pubkey: await session.publicKey(), agent_pubkey },
        query: giveUpMachines ? { machines: 'give-up' } : {},
      });
      return {
        json: { agentPubkey: agent_pubkey, revoked: true },
        text: details({ Agent: agent_pubkey, Message: 'Revoked' }),
      };
    },
  });
}
