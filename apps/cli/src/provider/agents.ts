import { listDelegations, listPoolAgents } from '@decent-cloud/messages/agents';
import type { Command } from 'commander';
import { table, time } from '../print.ts';
import { type Run, verb } from '../verb.ts';

export function addAgents(parent: Command, run: Run): void {
  verb<{ poolId?: string }>(parent, run, {
    name: 'agents',
    summary: 'list the agents that act or acted for the identity',
    example: 'provider agents --identity acme',
    configure: (command) => command.option('--pool-id <id>', 'only those of this pool'),
    async run(session, { poolId }) {
      const pubkey = await session.publicKey();
      const agents =
        poolId === undefined
          ? await session.call(listDelegations, { params: { pubkey } })
          : await session.call(listPoolAgents, { params: { pubkey, pool_id: poolId } });
      const rows = agents.map((agent) => [
        agent.agentPubkey,
        agent.label,
        agent.poolId,
        !agent.active ? 'revoked' : agent.online ? 'online' : 'offline',
        agent.version,
        time(agent.lastHeartbeatNs),
      ]);
      const head = ['key', 'label', 'pool', 'state', 'version', 'last heartbeat'];
      return { json: agents, text: table(head, rows, 'No agents') };
    },
  });
}
