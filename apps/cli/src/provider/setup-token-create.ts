import { createSetupToken } from '@decent-cloud/messages/agents';
import type { Command } from 'commander';
import { details, time } from '../print.ts';
import { type Run, verb, whole } from '../verb.ts';

export function addSetupTokenCreate(parent: Command, run: Run): void {
  verb<{ poolId: string; label?: string; expiresInHours?: number }>(parent, run, {
    name: 'create',
    summary: 'make a token with which one agent can join a pool; shown once',
    example: 'provider setup-token create --identity acme --pool-id berlin-53f2d31f --label "node 1"',
    writes: true,
    configure: (command) =>
      command
        .requiredOption('--pool-id <id>', 'from `dc provider pool list`')
        .option('--label <text>', 'name of the agent')
        .option('--expires-in-hours <hours>', 'by default 24', whole(1, 8_760)),
    async run(session, { poolId, label, expiresInHours }) {
      const token = await session.call(createSetupToken, {
        params: { pubkey: await session.publicKey(), pool_id: poolId },
        body: { label, expiresInHours },
      });
      return {
        json: token,
        text: details({
          Token: token.token,
          Pool: token.poolId,
          Label: token.label,
          'Valid until': time(token.expiresAtNs),
        }),
      };
    },
  });
}
