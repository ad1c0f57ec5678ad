import { listDelegations, listPoolAgents } from '@decent-cloud/messages/agents';
import type { Answer } from '@decent-cloud/messages/wire';
import type { Command } from 'commander';
import { plain, table, time } from '../print.ts';
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
        agent.instance?.host,
      ]);
      const head = ['key', 'label', 'pool', 'state', 'version', 'last heartbeat', 'host'];
      const doubled = agents.flatMap(({ agentPubkey, rival }) =>
        rival ? [doubledText(agentPubkey, rival)] : [],
      );
      return { json: agents, text: `${table(head, rows, 'No agents')}${doubled.join('')}` };
    },
  });
}

type Rival = NonNullable<Answer<typeof listDelegations>[number]['rival']>;

/** Two processes with one key: what is known of the second one. */
export function doubledText(agentPubkey: string, { kind, host, sinceNs, seenNs }: Rival): string {
  const name = `agent ${agentPubkey.slice(0, 16)}...`;
  const what =
    kind === 'two-polling'
      ? `two processes seem to poll as ${name}, since ${time(sinceNs)}`
      : `another process${host === null ? '' : ` on the host "${plain(host)}"`} ${kind === 'polling' ? 'polls' : 'wants to act'} as ${name} and is turned away, last at ${time(seenNs)}`;
  return `TWO WITH ONE KEY: ${what}. A second host needs an agent of its own: dc-agent setup token\n`;
}
