import { getAgentStatus } from '@decent-cloud/messages/agents';
import type { Command } from 'commander';
import { details, time } from '../print.ts';
import { type Run, verb } from '../verb.ts';

export function addStatus(parent: Command, run: Run): void {
  verb<{ pubkey?: string }>(parent, run, {
    name: 'status',
    summary: 'is an agent of a provider online? Without --pubkey: of the own one',
    example: 'provider status --identity acme',
    configure: (command) => command.option('--pubkey <key>', 'public key of the provider'),
    async run(session, { pubkey }) {
      const own = pubkey === undefined;
      const params = { pubkey: pubkey ?? (await session.publicKey()) };
      const client = own ? await session.client() : undefined;
      const status = client
        ? await client.call(getAgentStatus, { params }, { sign: true, signal: session.outside.signal })
        : await session.call(getAgentStatus, { params });
      return {
        json: status,
        text: details({
          Provider: status.providerPubkey,
          Online: status.online ? 'yes' : 'no',
          'Last heartbeat': time(status.lastHeartbeatNs),
          Version: status.version,
          Backend: status.provisionerType,
          'Active contracts': status.activeContracts,
        }),
      };
    },
  });
}
