import { cancelContract, getContract } from '@decent-cloud/messages/contracts';
import type { Command } from 'commander';
import type { Session } from '../session.ts';
import { id, type Run, verb } from '../verb.ts';
import { type Rental, whileRented } from './rented.ts';
import { mustHold, Steps } from './steps.ts';

export function addLifecycle(parent: Command, run: Run): void {
  verb<Rental>(parent, run, {
    name: 'lifecycle',
    summary: 'rent, look, cancel, look again',
    example: 'e2e lifecycle --identity alice',
    writes: true,
    configure: withRentalOptions,
    async run(session, options) {
      const steps = new Steps(session);
      await tryLifecycle(session, steps, options);
      return { json: { passed: true, steps: steps.done }, text: 'Passed\n' };
    },
  });
}

export const withRentalOptions = (command: Command): Command =>
  command
    .option('--offering-id <id>', 'by default the first in stock', id)
    .option('--ssh-pubkey <file|line>', 'by default as `dc contract create` does');

export async function tryLifecycle(session: Session, steps: Steps, rental: Rental): Promise<void> {
  await whileRented(session, rental, async (contractId) => {
    const params = { id: contractId };
    await steps.run('the contract is there', async () => {
      const contract = await session.call(getContract, { params });
      mustHold(contract.contract_id === contractId, `asked for ${contractId}, got ${contract.contract_id}`);
      mustHold(contract.status !== 'cancelled', 'a new contract is cancelled already');
    });
    await steps.run('it can be cancelled', async () => {
      await session.call(cancelContract, { params, body: { memo: 'dc e2e lifecycle' } });
      const { status } = await session.call(getContract, { params });
      mustHold(status === 'cancelled', `after cancelling the status is ${status}`);
    });
  });
}
