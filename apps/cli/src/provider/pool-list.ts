import { listPools } from '@decent-cloud/messages/agents';
import type { Command } from 'commander';
import { table } from '../print.ts';
import { type Run, verb } from '../verb.ts';

export function addPoolList(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'list',
    summary: 'list own pools',
    example: 'provider pool list --identity acme',
    async run(session) {
      const pools = await session.call(listPools, { params: { pubkey: await session.publicKey() } });
      const rows = pools.map((pool) => [
        pool.poolId,
        pool.name,
        pool.location,
        pool.provisionerType,
        `${pool.onlineCount}/${pool.agentCount}`,
        pool.activeContracts,
        pool.offeringsCount,
      ]);
      const head = ['id', 'name', 'location', 'backend', 'agents online', 'contracts', 'offerings'];
      return { json: pools, text: table(head, rows, 'No pools') };
    },
  });
}
