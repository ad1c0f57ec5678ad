import { deletePool } from '@decent-cloud/messages/agents';
import type { Command } from 'commander';
import { details } from '../print.ts';
import { type Run, verb } from '../verb.ts';

export function addPoolDelete(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'delete <pool-id>',
    summary: 'delete a pool that has no agents any more',
    example: 'provider pool delete berlin-53f2d31f --identity acme',
    writes: true,
    async run(session, _options, [pool_id = '']) {
      await session.call(deletePool, { params: { pubkey: await session.publicKey(), pool_id } });
      return {
        json: { poolId: pool_id, deleted: true },
        text: details({ 'Pool id': pool_id, Message: 'Deleted' }),
      };
    },
  });
}
