import { cancelContract, createContract, getContract } from '@decent-cloud/messages/contracts';
import { searchOfferings } from '@decent-cloud/messages/offerings';
import { type Context, newKey } from '../context.ts';
import { addressOf } from '../contract/show.ts';
import { openSsh } from '../contract/ssh.ts';
import { privateKeyFileOf, readPublicKeyLine, usualPublicKeyLine } from '../contract/ssh-key.ts';
import { waitForState } from '../contract/wait.ts';
import { CliError, EXIT } from '../failure.ts';

export interface FlowOptions {
  readonly offeringId?: string;
  readonly sshPubkey?: string;
  readonly paymentMethod: string;
  readonly verifySsh?: boolean;
  readonly cleanup?: boolean;
}

const MARKER = 'SSH_CONNECTION_OK';
const PROVISION_TIMEOUT_SECONDS = 300;

async function rent(context: Context, options: FlowOptions): Promise<string> {
  const offeringId = options.offeringId ?? (await firstInStock(context));
  const sshKey =
    options.sshPubkey === undefined ? usualPublicKeyLine(context) : readPublicKeyLine(options.sshPubkey);
  const { contractId } = await context.api.call(
    createContract,
    {
      body: {
        offering_db_id: BigInt(offeringId),
        ssh_pubkey: sshKey,
        duration_hours: 1,
        payment_method: options.paymentMethod,
      },
    },
    { idempotencyKey: newKey() },
  );
  context.print.note(`  rented: ${contractId}`);
  return contractId;
}

async function firstInStock(context: Context): Promise<string> {
  const offerings = await context.publicApi.call(searchOfferings, { query: { in_stock_only: true } });
  const first = offerings.find((one) => one.provider_online !== false && (one.stock_available ?? 1) > 0);
  if (first?.id === undefined) throw new CliError(EXIT.notFound, 'Nothing is for rent at the moment');
  return String(first.id);
}

const cancel = (context: Context, id: string) =>
  context.api.call(cancelContract, { params: { id }, body: { memo: 'test' } }, { idempotencyKey: newKey() });

/** Whatever happens, Ctrl-C included, the machine does not stay behind. */
async function cancelAfter(context: Context, id: string, work: () => Promise<void>): Promise<void> {
  let cancelled = false;
  const clean = async (): Promise<void> => {
    if (cancelled) return;
    cancelled = true;
    await cancel(context, id);
    context.print.note('  cancelled');
  };
  const onInterrupt = (): void => {
    clean().then(
      () => process.exit(130),
      () => process.exit(1),
    );
  };
  process.once('SIGINT', onInterrupt);
  try {
    await work();
  } finally {
    process.removeListener('SIGINT', onInterrupt);
    await clean();
  }
}

/** Rents, waits for the machine, logs in when asked to, and cancels unless it is to be kept. */
export async function provisionFlow(context: Context, options: FlowOptions): Promise<{ contractId: string }> {
  const contractId = await rent(context, options);
  const check = async (): Promise<void> => {
    const contract = await waitForState(context.api, contractId, {
      state: 'provisioned',
      timeoutSeconds: PROVISION_TIMEOUT_SECONDS,
      onStatus: (status) => context.print.note(`  ${status}`),
    });
    const address = addressOf(contract);
    if (!address) throw new CliError(EXIT.failure, 'The machine has no address');
    if (!options.verifySsh) return;
    const identityFile = privateKeyFileOf(context, contract.requester_ssh_pubkey);
    const { exitCode, stdout } = await openSsh(address, {
      identityFile,
      command: ['echo', MARKER],
      capture: true,
    });
    if (exitCode !== 0 || !stdout.includes(MARKER)) {
      throw new CliError(
        EXIT.failure,
        `ssh to ${address.host}:${address.port} failed (exit code ${exitCode})`,
      );
    }
    context.print.note(`  logged in; host key ${address.hostKey ?? 'not known'}`);
  };
  if (options.cleanup) await cancelAfter(context, contractId, check);
  else await check();
  return { contractId };
}

/** Rents, looks, cancels, and looks again. */
export async function lifecycleFlow(context: Context, options: FlowOptions): Promise<{ contractId: string }> {
  const contractId = await rent(context, options);
  await cancelAfter(context, contractId, async () => {
    const { contract_id, status } = await context.api.call(getContract, { params: { id: contractId } });
    if (contract_id !== contractId)
      throw new CliError(EXIT.failure, `asked for ${contractId}, got ${contract_id}`);
    context.print.note(`  ${status}`);
  });
  const { status } = await context.api.call(getContract, { params: { id: contractId } });
  if (status !== 'cancelled')
    throw new CliError(EXIT.failure, `the contract is ${status} after it was cancelled`);
  return { contractId };
}
