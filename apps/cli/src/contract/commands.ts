import { openCredential } from '@decent-cloud/identity';
import {
  cancelContract,
  getContract,
  getCredentials,
  listContractEvents,
  listMyContracts,
} from '@decent-cloud/messages/contracts';
import type { Command } from 'commander';
import { newKey, withContext } from '../context.ts';
import { CliError, EXIT } from '../failure.ts';
import { addOfferingList } from '../offering/commands.ts';
import { table, time } from '../print.ts';
import { addCreate } from './create.ts';
import { addressOf, contractFields, contractTable } from './show.ts';
import { openSsh } from './ssh.ts';
import { privateKeyFileOf } from './ssh-key.ts';
import { WAIT_STATES, waitForState } from './wait.ts';

const ID = 'contract id, or `last` for the newest';

export function addContractCommands(program: Command): void {
  const contract = program.command('contract').description('renting machines');
  addOfferingList(contract, 'list-offerings');
  addCreate(contract);
  addLooking(contract);
  addUsing(contract);
}

function addLooking(contract: Command): void {
  contract
    .command('get')
    .description('show a contract')
    .argument('<contract>', ID)
    .addHelpText('after', '\nExample: dc contract get last')
    .action(
      withContext(async (context, typed: string) => {
        const one = await context.api.call(getContract, { params: { id: await context.contractId(typed) } });
        context.print.result(one, () => contractFields(one));
      }),
    );

  contract
    .command('list')
    .description('list the own rentals, newest first')
    .option('--status <status>')
    .option('--limit <number>', 'at most 200', '50')
    .addHelpText('after', '\nExample: dc contract list --status active')
    .action(
      withContext(async ({ api, publicKey, print }, options: { status?: string; limit: string }) => {
        const query = {
          limit: options.limit,
          ...(options.status !== undefined && { status: options.status }),
        };
        const mine = await api.call(listMyContracts, { params: { pubkey: publicKey }, query });
        print.result(mine, () => contractTable(mine));
      }),
    );

  contract
    .command('events')
    .description('what happened to a contract, oldest first')
    .argument('<contract>', ID)
    .addHelpText('after', '\nExample: dc contract events last')
    .action(
      withContext(async (context, typed: string) => {
        const id = await context.contractId(typed);
        const events = await context.api.call(listContractEvents, { params: { id } });
        context.print.result(events, () =>
          table(
            ['When', 'What', 'From', 'To', 'By', 'Details'],
            events.map((one) => [
              time(one.createdAt),
              one.eventType,
              one.oldStatus,
              one.newStatus,
              one.actor,
              one.details,
            ]),
          ),
        );
      }),
    );

  contract
    .command('wait')
    .description(`wait until a contract has reached a state: ${WAIT_STATES.join(', ')}`)
    .argument('<contract>', ID)
    .option('--state <state>', 'this one or a later one', 'active')
    .option('--timeout <seconds>', 'give up after', '300')
    .addHelpText('after', '\nExample: dc contract wait last --state active --timeout 300')
    .action(
      withContext(async (context, typed: string, options: { state: string }, command: Command) => {
        const contract = await waitForState(context.api, await context.contractId(typed), {
          state: options.state.toLowerCase(),
          timeoutSeconds: Number(command.opts<{ timeout: string }>().timeout),
          onStatus: (status) => context.print.note(status),
        });
        context.print.result(contract, () => contractFields(contract));
      }),
    );
}

function addUsing(contract: Command): void {
  contract
    .command('cancel')
    .description('cancel a rental; unused time is paid back')
    .argument('<contract>', ID)
    .option('--memo <text>')
    .option('--idempotency-key <key>')
    .addHelpText('after', '\nExample: dc contract cancel last')
    .action(
      withContext(async (context, typed: string, options: { memo?: string; idempotencyKey?: string }) => {
        context.confirmWrite();
        const id = await context.contractId(typed);
        const body = options.memo === undefined ? {} : { memo: options.memo };
        const idempotencyKey = options.idempotencyKey ?? newKey();
        const message = await context.api.call(cancelContract, { params: { id }, body }, { idempotencyKey });
        context.print.result({ contractId: id, message }, () => message);
      }),
    );

  contract
    .command('credentials')
    .description('open the sealed credentials of a machine, here on this computer')
    .argument('<contract>', ID)
    .addHelpText('after', '\nExample: dc contract credentials last')
    .action(
      withContext(async (context, typed: string) => {
        const id = await context.contractId(typed);
        const envelope = await context.api.call(getCredentials, { params: { id } });
        const credentials = openCredential({ seed: context.identity.keyPair.seed, envelope, contractId: id });
        context.print.result({ contractId: id, credentials }, () => credentials);
      }),
    );

  contract
    .command('ssh')
    .description('log into a machine; what stands after -- is run there')
    .argument('<contract>', ID)
    .argument('[command...]')
    .option('-i, --identity-file <file>', 'private key; by default the one that was given when renting')
    .addHelpText('after', '\nExample: dc contract ssh last -- uname -a')
    .action(
      withContext(async (context, typed: string, command: string[], options: { identityFile?: string }) => {
        const one = await context.api.call(getContract, { params: { id: await context.contractId(typed) } });
        const address = addressOf(one);
        if (!address || !['provisioned', 'active'].includes(one.status)) {
          throw new CliError(
            EXIT.refused,
            `There is no machine to log into: the contract is ${one.status}`,
            'dc contract wait',
          );
        }
        const identityFile = options.identityFile ?? privateKeyFileOf(context, one.requester_ssh_pubkey);
        const { exitCode, stdout } = await openSsh(address, {
          identityFile,
          command,
          capture: context.print.json,
        });
        if (context.print.json) context.print.result({ exitCode, stdout }, () => '');
        process.exitCode = exitCode;
      }),
    );
}
