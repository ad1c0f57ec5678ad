import { createContract, getContract } from '@decent-cloud/messages/contracts';
import type { WhenMachineLost } from '@decent-cloud/messages/words';
import type { Command } from 'commander';
import { details } from '../print.ts';
import { chooseSshPublicKey } from '../ssh/choose-key.ts';
import { amountE9s, id, type Run, verb, whole } from '../verb.ts';
import { describeContract } from './describe-contract.ts';
import { askForSteps, describeSteps } from './describe-steps.ts';
import { shownPrice } from './shown-price.ts';
import { WAIT_SECONDS, waitForState } from './wait-for-state.ts';
import { whenMachineLostOption } from './when-machine-lost.ts';

interface CreateOptions {
  readonly offeringId: bigint;
  readonly sshPubkey?: string;
  readonly durationHours: number;
  readonly paymentMethod: string;
  readonly skipPayment?: boolean;
  readonly operatingSystem?: string;
  readonly memo?: string;
  readonly whenMachineLost?: WhenMachineLost;
  readonly expectedAmount?: bigint;
  readonly wait?: boolean;
}

export function addCreate(parent: Command, run: Run): void {
  verb<CreateOptions>(parent, run, {
    name: 'create',
    summary: 'rent an offering',
    example: 'contract create --identity alice --offering-id 13 --duration-hours 2 --wait',
    writes: true,
    configure: (command) =>
      command
        .requiredOption('--offering-id <id>', 'number of the offering', id)
        .option(
          '--ssh-pubkey <file|line>',
          'by default ~/.ssh/id_ed25519.pub, else a key made for the identity',
        )
        .option('--duration-hours <hours>', 'how long', whole(1, 1_000_000), 1)
        .option('--payment-method <method>', 'wallet, stripe or test', 'wallet')
        .option('--skip-payment', 'the same as --payment-method test')
        .option('--operating-system <name>', 'one of those of the offering')
        .option(
          '--expected-amount <amount>',
          'what it may cost in all, in the currency of the offering; by default what is shown now',
          amountE9s,
        )
        .option('--memo <text>', 'a word to the provider')
        .addOption(whenMachineLostOption())
        .option('--wait', 'until the machine can be used, --timeout seconds at most'),
    async run(session, options) {
      const shown = await shownPrice(session, options.offeringId, options.durationHours);
      const created = await session.call(createContract, {
        body: {
          offering_db_id: options.offeringId,
          ssh_pubkey: await chooseSshPublicKey(session, options.sshPubkey),
          duration_hours: options.durationHours,
          payment_method: options.skipPayment ? 'test' : options.paymentMethod,
          operating_system: options.operatingSystem,
          request_memo: options.memo,
          when_machine_lost: options.whenMachineLost,
          ...shown,
          ...(options.expectedAmount !== undefined && { expected_amount_e9s: options.expectedAmount }),
        },
      });
      const text = details({
        'Contract ID': created.contractId,
        Message: created.message,
        'Checkout URL': created.checkoutUrl,
      });
      if (!options.wait) return { json: created, text };
      session.note(`Contract ${created.contractId}`);
      if (created.checkoutUrl) session.note(`Pay here: ${created.checkoutUrl}`);
      await waitForState(session, {
        contractId: created.contractId,
        state: 'active',
        timeoutSeconds: session.options.timeout ?? WAIT_SECONDS,
      });
      const contract = await session.call(getContract, { params: { id: created.contractId } });
      const steps = await askForSteps(session, created.contractId);
      return {
        json: { ...created, contract, ...(steps && { steps }) },
        text: (await describeContract(session, contract)) + describeSteps(steps ?? []),
      };
    },
  });
}
