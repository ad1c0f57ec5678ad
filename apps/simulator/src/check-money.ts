import { type FactPayload, facts } from '@decent-cloud/messages';
import type { Contract } from '../../contracts/src/contract/domain/contract.ts';
import { settle } from '../../contracts/src/contract/domain/settlement.ts';
import { isFinal } from '../../contracts/src/contract/domain/status.ts';
import { hasFloor, nameOf } from '../../payments/src/ledger/domain/transfer.ts';
import type { Note } from './violation.ts';
import type { World } from './world.ts';

/** The books alone, the books against the contracts, and what people have against what they had. */
export function checkMoney(world: World, note: Note): void {
  checkBooks(world, note);
  for (const contract of world.contracts.rows.contracts.values()) checkContractMoney(world, contract, note);
  checkRentals(world, note);
  checkWallets(world, note);
  noteOvertaken(world);
}

const isCharged = (contract: Contract): boolean =>
  contract.paymentMethod === 'wallet' && contract.priceE9s > 0n;

function checkBooks({ payments }: World, note: Note): void {
  const sums = new Map<string, bigint>();
  for (const { idempotencyKey, movements } of payments.rows.transfers.values()) {
    const sum = movements.reduce((total, { amountE9s }) => total + amountE9s, 0n);
    if (sum !== 0n) note('postings sum to zero', `${idempotencyKey}: ${sum}`);
    for (const { account, amountE9s } of movements) {
      const name = nameOf(account);
      sums.set(name, (sums.get(name) ?? 0n) + amountE9s);
    }
  }
  for (const [name, { kind, balanceE9s }] of payments.rows.balances.rows) {
    if (sums.get(name) !== balanceE9s) note('every balance is the sum of its postings', name);
    if (hasFloor(kind) && balanceE9s < 0n) note('no account is below its floor', `${name}: ${balanceE9s}`);
  }
}

/** Charged once, settled once, refund + earned = paid, on both sides. */
function checkContractMoney(world: World, contract: Contract, note: Note): void {
  const { payments } = world;
  const { contractId, status, paidE9s, refundDueE9s, earnedE9s, priceE9s } = contract;
  const rental = payments.rows.rentals.get(contractId);
  if (!isFinal(status)) {
    const held = payments.balanceOf({ kind: 'escrow', owner: contractId });
    const wanted = isCharged(contract) ? priceE9s : 0n;
    if (paidE9s !== wanted || held !== wanted || (rental?.chargedE9s ?? 0n) !== wanted) {
      note(
        'what runs is paid once and held',
        `${contractId}: paid ${paidE9s}, held ${held}, price ${wanted}`,
      );
    }
    return;
  }
  if (refundDueE9s === null || earnedE9s === null || refundDueE9s + earnedE9s !== paidE9s) {
    note('paid = refund + earned', `${contractId}: ${paidE9s} = ${refundDueE9s} + ${earnedE9s}`);
  }
  if (contract.endReason === 'MACHINE_LOST') checkDownTime(world, contract, note);
  if (!isCharged(contract)) return;
  const books = rental?.state === 'settled' ? rental : undefined;
  if (rental?.state === 'charged') note('nothing is held for what has ended', contractId);
  const [charged, refunded, earned] = [books?.chargedE9s, books?.refundedE9s, books?.earnedE9s].map(
    (amount) => amount ?? 0n,
  );
  if (charged !== paidE9s || refunded !== refundDueE9s || earned !== earnedE9s) {
    note(
      'books and contract agree to the unit',
      `${contractId}: books ${charged} = ${refunded} + ${earned}, contract ${paidE9s} = ${refundDueE9s} + ${earnedE9s}`,
    );
  }
  const heard = contract.refundAmountE9s ?? 0n;
  if (heard !== refunded) note('the contract knows its refund', `${contractId}: ${heard} of ${refunded}`);
}

/** The coordinator's word against the contract's: until the machine was lost it was paid for, and not longer. */
function checkDownTime({ agents }: World, contract: Contract, note: Note): void {
  const { contractId, paidE9s, endsAtNs, totalPausedNs, pausedAtNs, earnedE9s } = contract;
  const known = agents.rows.assignments.get(contractId);
  const startedAtNs = contract.provisioningCompletedAtNs;
  // One that was made again just as it ended is up: its contract has never heard of that.
  if (!known || known.downSinceNs === null) return;
  const { downNs, downSinceNs } = known;
  const service = { paidE9s, startedAtNs, endsAtNs, totalPausedNs, pausedAtNs, downNs, downSinceNs };
  const wanted = settle(service, contract.statusUpdatedAtNs).earnedE9s;
  if (earnedE9s !== wanted) {
    note('the time without a machine is not paid for', `${contractId}: earned ${earnedE9s}, not ${wanted}`);
  }
}

function checkRentals({ payments, contracts }: World, note: Note): void {
  for (const { contractId, state } of payments.rows.rentals.values()) {
    if (!contracts.rows.contracts.get(contractId) && state !== 'void') {
      note('nothing is charged without a contract', contractId);
    }
  }
}

/** To the unit, without a look at the books' own rows: what came in is there, in a living contract, or earned. */
function checkWallets({ payments, contracts, toppedUpE9s }: World, note: Note): void {
  const spent = new Map<string, bigint>();
  for (const contract of contracts.rows.contracts.values()) {
    if (!isCharged(contract)) continue;
    const cost = isFinal(contract.status) ? (contract.earnedE9s ?? 0n) : contract.priceE9s;
    const { tenantAccountId } = contract;
    spent.set(tenantAccountId, (spent.get(tenantAccountId) ?? 0n) + cost);
  }
  for (const [accountId, amountE9s] of toppedUpE9s) {
    const balance = payments.balanceOf({ kind: 'wallet', owner: accountId });
    const wanted = amountE9s - (spent.get(accountId) ?? 0n);
    if (balance !== wanted)
      note('nobody pays twice or gets back twice', `${accountId}: ${balance}, not ${wanted}`);
  }
}

/** Whoever ended these knew of no payment. */
function noteOvertaken({ contracts, payments, recorder }: World): void {
  for (const { subject, body } of contracts.database.outbox) {
    if (subject !== facts.contractEnded.subject) continue;
    const { contractId, paidE9s } = body as FactPayload<typeof facts.contractEnded>;
    const isSettled = payments.rows.rentals.get(contractId)?.state === 'settled';
    if (paidE9s === 0n && isSettled) recorder.seen('charge that overtook the end');
  }
}
