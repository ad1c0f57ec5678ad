import { createClient } from '@decent-cloud/client';
import { createSigner } from '@decent-cloud/identity';
import { cancelContract, createContract, getContract } from '@decent-cloud/messages/contracts';
import { searchOfferings } from '@decent-cloud/messages/offerings';
import { shownPrice } from '../contract/shown-price.ts';
import { isOver } from '../contract-states.ts';
import { CliError, EXIT } from '../exit.ts';
import type { Session } from '../session.ts';
import { chooseSshPublicKey } from '../ssh/choose-key.ts';

export interface Rental {
  readonly offeringId?: bigint;
  readonly sshPubkey?: string;
  readonly keep?: boolean;
}

/** Rents for the time of an attempt: what still runs afterwards is cancelled, also after failures and interruptions. */
export async function whileRented<T>(
  session: Session,
  rental: Rental,
  attempt: (contractId: string) => Promise<T>,
): Promise<T> {
  const offering_db_id = rental.offeringId ?? (await firstInStock(session));
  const ssh_pubkey = await chooseSshPublicKey(session, rental.sshPubkey);
  const durationHours = 1;
  // A key of its own, so that an answer lost on the way does not leave a second rental behind.
  const body = {
    offering_db_id,
    ssh_pubkey,
    duration_hours: durationHours,
    payment_method: 'test',
    request_memo: 'dc e2e',
    ...(await shownPrice(session, offering_db_id, durationHours)),
  };
  // An interruption waits for the answer: without it nobody would know what to cancel.
  const uninterrupted = new AbortController().signal;
  const { contractId } = await session.call(createContract, { body }, { signal: uninterrupted });
  session.note(`Rented: ${contractId}`);
  try {
    session.outside.signal.throwIfAborted();
    return await attempt(contractId);
  } finally {
    if (!rental.keep) await cancelIfAlive(session, contractId);
  }
}

async function firstInStock(session: Session): Promise<bigint> {
  const offers = await session.call(searchOfferings, { query: { in_stock_only: true, limit: 50 } });
  const chosen = offers.find((one) => one.can_rent_now !== false) ?? offers[0];
  if (chosen?.id !== undefined) return chosen.id;
  throw new CliError(
    EXIT.notFound,
    'OFFERING_NOT_FOUND',
    'Nothing is in stock',
    'Name one with --offering-id.',
  );
}

/** With a client that an interruption does not stop. */
async function cancelIfAlive(session: Session, contractId: string): Promise<void> {
  const { keyPair } = await session.identity();
  const client = createClient({ baseUrl: session.apiUrl, signer: createSigner(keyPair), retries: 4 });
  const params = { id: contractId };
  const { status } = await client.call(getContract, { params });
  if (isOver(status)) return;
  await client.call(
    cancelContract,
    { params, body: { memo: 'dc e2e clean-up' } },
    { idempotencyKey: crypto.randomUUID() },
  );
  session.note(`Cancelled: ${contractId}`);
}
