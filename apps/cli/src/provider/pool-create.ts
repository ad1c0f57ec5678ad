import type { Region } from '@decent-cloud/kernel';
import { createPool } from '@decent-cloud/messages/agents';
import type { ProvisionerType } from '@decent-cloud/messages/words';
import type { Command } from 'commander';
import { details } from '../print.ts';
import { type Run, verb } from '../verb.ts';
import { provisionerTypeOption } from './provisioner-type-option.ts';

export function addPoolCreate(parent: Command, run: Run): void {
  verb<{ name: string; location: Region; provisionerType: ProvisionerType }>(parent, run, {
    name: 'create',
    summary: 'make a pool',
    example: 'provider pool create --identity acme --name Berlin --location europe --provisioner-type docker',
    writes: true,
    configure: (command) =>
      command
        .requiredOption('--name <text>', 'name of the pool')
        .requiredOption('--location <where>', 'europe, na, latam, apac, mena, ssa or cis')
        .addOption(provisionerTypeOption().makeOptionMandatory()),
    async run(session, body) {
      const { name, location, provisionerType } = body;
      const pool = await session.call(createPool, {
        params: { pubkey: await session.publicKey() },
        body: { name, location, provisionerType },
      });
      return {
        json: pool,
        text: details({
          'Pool id': pool.poolId,
          Name: pool.name,
          Location: pool.location,
          Backend: pool.provisionerType,
        }),
      };
    },
  });
}
