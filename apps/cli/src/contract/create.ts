import { createContract } from '@decent-cloud/messages/contracts';
import type { Command } from 'commander';
import { newKey, withContext } from '../context.ts';
import { fields } from '../print.ts';
import { contractFields } from './show.ts';
import { readPublicKeyLine, usualPublicKeyLine } from './ssh-key.ts';
import { waitForState } from './wait.ts';

interface CreateOptions {
  readonly offeringId: string;
  readonly sshPubkey?: string;
  readonly durationHours: string;
  readonly paymentMethod: string;
  readonly skipPayment?: boolean;
  readonly operatingSystem?: string;
  readonly memo?: string;
  readonly idempotencyKey?: string;
  readonly wait?: boolean;
  readonly waitTimeout: string;
}

export function addCreate(contract: Command): void {
  contract
    .command('create')
    .description('rent a machine')
    .requiredOption('--offering-id <id>', 'from `dc contract list-offerings`')
    .option(
      '--ssh-pubkey <file|line>',
      'who may log in; by default ~/.ssh/id_ed25519.pub, else a key is made',
    )
    .option('--duration-hours <hours>', 'how long', '1')
    .option('--payment-method <method>', 'wallet, or test outside production', 'wallet')
    .option('--skip-payment', 'the same as --payment-method test')
    .option('--operating-system <name>')
    .option('--memo <text>', 'for the provider')
    .option('--idempotency-key <key>', 'the same key is one rental')
    .option('--wait', 'until the machine runs')
    .option('--wait-timeout <seconds>', 'for --wait', '300')
    .addHelpText('after', '\nExample: dc contract create --offering-id 1 --duration-hours 24 --wait')
    .action(
      withContext(async (context, options: CreateOptions) => {
        context.confirmWrite();
        const sshKey =
          options.sshPubkey === undefined
            ? usualPublicKeyLine(context)
            : readPublicKeyLine(options.sshPubkey);
        const created = await context.api.call(
          createContract,
          {
            body: {
              offering_db_id: BigInt(options.offeringId),
              ssh_pubkey: sshKey,
              duration_hours: Number(options.durationHours),
              payment_method: options.skipPayment ? 'test' : options.paymentMethod,
              operating_system: options.operatingSystem,
              request_memo: options.memo,
            },
          },
          { idempotencyKey: options.idempotencyKey ?? newKey() },
        );
        if (!options.wait) {
          context.print.result(created, () =>
            fields({
              'Contract ID': created.contractId,
              Message: created.message,
              'Checkout URL': created.checkoutUrl,
            }),
          );
          return;
        }
        context.print.note(`Contract ${created.contractId}`);
        const running = await waitForState(context.api, created.contractId, {
          state: 'active',
          timeoutSeconds: Number(options.waitTimeout),
          onStatus: (status) => context.print.note(`  ${status}`),
        });
        context.print.result({ ...created, contract: running }, () => contractFields(running));
      }),
    );
}
