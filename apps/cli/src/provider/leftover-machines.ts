import { listLeftovers } from '@decent-cloud/messages/agents';
import type { Command } from 'commander';
import { table, time } from '../print.ts';
import { type Run, verb } from '../verb.ts';

export function addLeftoverMachines(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'leftover-machines',
    summary: 'machines that are to be gone and that no agent can remove any more: clean them up by hand',
    example: 'provider leftover-machines --identity acme',
    async run(session) {
      const machines = await session.call(listLeftovers, { params: { pubkey: await session.publicKey() } });
      const rows = machines.map((machine) => [
        machine.externalId,
        machine.agentPubkey,
        machine.agentLabel,
        machine.contractId,
        time(machine.absentSinceNs),
      ]);
      const head = ['machine', 'agent', 'label', 'contract', 'to be gone since'];
      return { json: machines, text: table(head, rows, 'No machines are left over') };
    },
  });
}
