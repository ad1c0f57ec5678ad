import { secondsToNs } from '@decent-cloud/kernel';
import { type FactPayload, facts } from '@decent-cloud/messages';
import type { Contract } from '../../contracts/src/contract/domain/contract.ts';
import { isFinal } from '../../contracts/src/contract/domain/status.ts';
import type { Life } from './people.ts';
import type { Note } from './violation.ts';
import type { World } from './world.ts';

const TOLD_WITHIN_NS = secondsToNs(900);
/** A contract that is told nothing of its new machine ends some ten minutes after it wanted it. */
const TOLD_OF_ANOTHER_WITHIN_NS = secondsToNs(480);

/** What was told is so: every yes can be seen, no no left anything behind, and what nobody knows happened at most once. */
export function checkTold(world: World, note: Note): void {
  const made = new Map<string, Contract[]>();
  for (const contract of world.contracts.rows.contracts.values()) {
    made.set(contract.requestMemo, [...(made.get(contract.requestMemo) ?? []), contract]);
  }
  for (const life of world.lives) {
    checkLife(life, made.get(life.id) ?? [], world.poor.has(life.tenant), note);
  }
  checkSaid(world, note);
  checkMachinesToldBack(world, note);
  checkMachinesTold(world, note);
}

function checkLife(
  { id, created, cancelled }: Life,
  contracts: readonly Contract[],
  isPoor: boolean,
  note: Note,
): void {
  // A refusal frees the key: whoever did not hear of it and asks again is asked for the money again.
  const served = contracts.filter(({ endReason }) => endReason !== 'INSUFFICIENT_BALANCE');
  if (served.length > 1) note('one wish makes one contract', `${id}: ${served.length}`);
  const contract = served[0] ?? contracts.at(-1);
  if (created.kind === 'not-asked') note('everybody asked', id);
  if (created.kind === 'ok' && contract?.contractId !== created.answer) {
    note('every yes can be seen', `${id}: told ${created.answer}, there is ${contract?.contractId}`);
  }
  if (created.kind === 'refused' && contract && !(isFinal(contract.status) && contract.earnedE9s === 0n)) {
    note('a no costs nothing', `${id}: ${created.reason}, but ${contract.status}`);
  }
  if (created.kind === 'refused' && !hasCause(created.reason, contract, isPoor)) {
    note('every no has its cause', `${id}: ${created.reason}`);
  }
  if (cancelled.kind === 'ok' && contract?.endReason !== 'CANCELLED_BY_TENANT') {
    note('every cancellation that was confirmed is one', `${id}: ${contract?.endReason}`);
  }
}

/** Too little money, or no unit left. Whoever cancels what is still being paid has rented: that is no cause. */
function hasCause(reason: string, contract: Contract | undefined, isPoor: boolean): boolean {
  const wasTooPoor = contract?.endReason === 'INSUFFICIENT_BALANCE';
  if (reason === 'INSUFFICIENT_BALANCE') return isPoor && (contract === undefined || wasTooPoor);
  return reason === 'OUT_OF_STOCK' && (contract === undefined || wasTooPoor);
}

/** Said at most once for each contract, and exactly when it is so. */
function checkSaid({ services, contracts }: World, note: Note): void {
  const times = new Map<string, number>();
  const once: readonly string[] = [
    facts.contractAccepted,
    facts.contractEnded,
    facts.rentalCharged,
    facts.refundIssued,
    facts.machineRemoved,
    facts.stockReleased,
  ].map(({ subject }) => subject);
  for (const { database } of services) {
    for (const { subject, body } of database.outbox) {
      if (!once.includes(subject)) continue;
      const key = `${subject} ${(body as { contractId: string }).contractId}`;
      times.set(key, (times.get(key) ?? 0) + 1);
    }
  }
  for (const [key, count] of times) if (count > 1) note('what happens once is said once', `${key}: ${count}`);
  for (const { contractId, status, acceptedAtNs } of contracts.rows.contracts.values()) {
    const wasSaid = (subject: string) => times.has(`${subject} ${contractId}`);
    const fits =
      wasSaid(facts.contractEnded.subject) === isFinal(status) &&
      wasSaid(facts.contractAccepted.subject) === (acceptedAtNs !== null);
    if (!fits) note('what happens is said', `${contractId} ${status}`);
  }
}

/** Only a machine that was away is told to be back: what was on it is there. One that was made again is told as that. */
function checkMachinesToldBack({ services }: World, note: Note): void {
  const backs = new Map<string, number>();
  const add = (contractId: string, count: number) =>
    backs.set(contractId, (backs.get(contractId) ?? 0) + count);
  for (const { subject, body } of services.flatMap(({ database }) => database.outbox)) {
    const { contractId, change, availability, isAnother } = body as Partial<
      FactPayload<typeof facts.contractMachineChanged> & FactPayload<typeof facts.machineAvailabilityChanged>
    >;
    if (contractId === undefined) continue;
    if (subject === facts.contractMachineChanged.subject && change === 'back') add(contractId, 1);
    const isBack = availability === 'up' && !isAnother;
    if (subject === facts.machineAvailabilityChanged.subject && isBack) add(contractId, -1);
  }
  for (const [contractId, count] of backs) {
    if (count > 0) note('a machine that was made again is not told to be back', contractId);
  }
}

/** A machine that was made again counts, too: after so long the tenant has been told of it. */
function checkMachinesTold({ agents, contracts }: World, note: Note): void {
  const newest = new Map<string, FactPayload<typeof facts.machineProvisioned>>();
  for (const { subject, body } of agents.database.outbox) {
    if (subject !== facts.machineProvisioned.subject) continue;
    const made = body as FactPayload<typeof facts.machineProvisioned>;
    const known = newest.get(made.contractId);
    if (!known || known.generation < made.generation) newest.set(made.contractId, made);
  }
  for (const contract of contracts.rows.contracts.values()) {
    const { contractId, status, instanceDetails } = contract;
    const made = newest.get(contractId);
    const livedUntilNs = isFinal(status) ? contract.statusUpdatedAtNs : contracts.now;
    const within = contract.endReason === 'MACHINE_LOST' ? TOLD_OF_ANOTHER_WITHIN_NS : TOLD_WITHIN_NS;
    if (!made || livedUntilNs - made.atNs < within) continue;
    const told = instanceDetails?.external_id;
    if (told !== made.instance.externalId)
      note('a tenant is told of every machine', `${contractId}: ${told}, not ${made.instance.externalId}`);
  }
}
