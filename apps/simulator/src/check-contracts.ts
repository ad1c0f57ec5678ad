import { HAS_MACHINE_IN_USE } from '@decent-cloud/messages/words';
import type { Contract } from '../../contracts/src/contract/domain/contract.ts';
import { isFinal, lifecycle } from '../../contracts/src/contract/domain/status.ts';
import type { Note } from './violation.ts';
import type { World } from './world.ts';

/** Every contract has ended or runs, and its history says how it came to that. */
export function checkContracts(world: World, note: Note): void {
  for (const contract of world.contracts.rows.contracts.values()) {
    checkHistory(world, contract, note);
    checkWaiting(world, contract, note);
    checkReason(world, contract, note);
  }
  checkStock(world, note);
}

const isRunning = ({ status }: Contract): boolean => HAS_MACHINE_IN_USE[status];

function checkHistory(world: World, contract: Contract, note: Note): void {
  const { contractId, status, version } = contract;
  const rows = world.contracts.rows.history.get(contractId) ?? [];
  const rule = 'every state is explained by the history';
  for (const [index, row] of rows.entries()) {
    const before = rows[index - 1];
    const isFirst = before === undefined;
    const follows = isFirst
      ? row.oldStatus === null && row.newStatus === lifecycle.states[0] && row.version === 1
      : row.oldStatus === before.newStatus &&
        row.version === before.version + 1 &&
        lifecycle.canMove(before.newStatus, row.newStatus);
    if (!follows) note(rule, `${contractId}: ${row.oldStatus} -> ${row.newStatus} as ${row.version}`);
  }
  const last = rows.at(-1);
  if (last?.newStatus !== status || last.version !== version) {
    note(
      rule,
      `${contractId} is ${status} ${version}, its history ends with ${last?.newStatus} ${last?.version}`,
    );
  }
}

function checkWaiting(world: World, contract: Contract, note: Note): void {
  const { contractId, status, deadlineAtNs } = contract;
  if (isFinal(status)) {
    if (contract.stockReleasedAtNs === null) note('the contract knows that its unit went back', contractId);
    if (deadlineAtNs !== null) note('what has ended waits for nothing', `${contractId} ${status}`);
    return;
  }
  if (!isRunning(contract)) note('nothing is stuck', `${contractId} is ${status}`);
  if (deadlineAtNs === null || deadlineAtNs <= world.contracts.now) {
    note('nothing waits past its deadline', `${contractId} is ${status} until ${deadlineAtNs}`);
  }
}

/** A reason must have had its cause. */
function checkReason(world: World, contract: Contract, note: Note): void {
  const { contractId, endReason, status } = contract;
  if (!isFinal(status)) return;
  const { people } = world;
  const wasMade = contract.provisioningCompletedAtNs !== null;
  const causes: Readonly<Record<string, boolean>> = {
    CANCELLED_BY_TENANT: people.cancelAsked.has(contractId),
    REJECTED_BY_PROVIDER: people.answered.get(contractId) === false,
    RESPONSE_TIMEOUT: contract.acceptedAtNs === null && contract.paidAtNs !== null,
    PAYMENT_TIMEOUT: contract.acceptedAtNs === null,
    INSUFFICIENT_BALANCE: contract.paidE9s === 0n && contract.acceptedAtNs === null,
    MACHINE_LOST: world.machineAgents.some(({ backend }) => backend.lost.has(contractId)),
    TERM_ENDED: contract.endsAtNs !== null && contract.statusUpdatedAtNs >= contract.endsAtNs,
    NO_AGENT_AVAILABLE: contract.acceptedAtNs !== null && !wasMade,
    PROVISIONING_FAILED: contract.acceptedAtNs !== null && !wasMade,
    PROVISIONING_TIMEOUT: contract.acceptedAtNs !== null && !wasMade,
  };
  if (causes[endReason ?? ''] !== true)
    note('every end has its cause', `${contractId} ${status}: ${endReason}`);
}

/** A unit is held exactly for each living contract. */
function checkStock({ contracts, offerings }: World, note: Note): void {
  const living = new Set<string>();
  for (const { status, operationId } of contracts.rows.contracts.values()) {
    if (isFinal(status)) continue;
    living.add(operationId);
    const hold = offerings.holds.get(operationId);
    if (!hold || hold.isReleased) note('every living contract holds its unit', operationId);
  }
  for (const { holdId, isReleased } of offerings.holds.values()) {
    if (!isReleased && !living.has(holdId)) note('all other units are back in stock', holdId);
  }
  for (const { id, stockTotal } of offerings.offerings.values()) {
    const held = offerings.heldUnits(id);
    if (held > (stockTotal ?? 1)) note('no unit is rented twice', `${held} of ${stockTotal}`);
  }
}
