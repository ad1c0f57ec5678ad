import { createPool, type poolLocation } from '@decent-cloud/messages/agents';
import type { Input } from '@decent-cloud/messages/endpoint';
import type { Command } from 'commander';
import { details } from '../print.ts';
import { type Run, verb } from '../verb.ts';

type Location = Input<ReturnType<typeof poolLocation>>;

export function addPoolCreate(parent: Command, run: Run): void {
  verb<{ name: string; location: Location; provisionerType: string }>(parent, run, {
    name: 'create',
    summary: 'make a pool',
    example: 'provider pool create --identity acme --name Berlin --location europe --provisioner-type docker',
    writes: true,
    configure: (command) =>
      command
        .requiredOption('--name <text>', 'name of the pool')
        .requiredOption('--location <where>', 'europe, na, latam, apac, mena, ssa or cis')
        .requiredOption('--provisioner-type <type>', 'docker, proxmox, hetzner, script, local …'),
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
