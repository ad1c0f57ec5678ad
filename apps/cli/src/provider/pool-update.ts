import type { Region } from '@decent-cloud/kernel';
import { updatePool } from '@decent-cloud/messages/agents';
import type { ProvisionerType } from '@decent-cloud/messages/words';
import type { Command } from 'commander';
import { CliError, EXIT } from '../exit.ts';
import { details } from '../print.ts';
import { type Run, verb } from '../verb.ts';
import { provisionerTypeOption } from './provisioner-type-option.ts';

interface UpdateOptions {
  readonly name?: string;
  readonly location?: Region;
  readonly provisionerType?: ProvisionerType;
}

export function addPoolUpdate(parent: Command, run: Run): void {
  verb<UpdateOptions>(parent, run, {
    name: 'update <pool-id>',
    summary: 'change a pool; what is not named stays',
    example: 'provider pool update berlin-53f2d31f --identity acme --name "Berlin 2"',
    writes: true,
    configure: (command) =>
      command
        .option('--name <text>', 'name of the pool')
        .option('--location <where>', 'europe, na, latam, apac, mena, ssa or cis')
        .addOption(provisionerTypeOption()),
    async run(session, { name, location, provisionerType }, [pool_id = '']) {
      const body = { name, location, provisionerType };
      if (Object.values(body).every((value) => value === undefined))
        throw new CliError(EXIT.usage, 'OPTION_MISSING', 'Give --name, --location or --provisioner-type');
      await session.call(updatePool, { params: { pubkey: await session.publicKey(), pool_id }, body });
      return {
        json: { poolId: pool_id, ...body },
        text: details({ 'Pool id': pool_id, Message: 'Changed' }),
      };
    },
  });
}
