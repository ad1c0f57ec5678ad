import type { Actor, ContractEventType } from '@decent-cloud/messages/words';
import type { Change, Contract, Limits, Step } from './contract.ts';
import { isPaid } from './contract.ts';
import type { SealedCredential } from './contract-parts.ts';
import {
  accepted,
  ended,
  machineChanged,
  machineWantedAgain,
  type OutgoingFact,
  paidTime,
  requested,
  statusChanged,
} from './facts.ts';
import { assertMayMove } from './moves.ts';
import { settle } from './settlement.ts';
import { awaitsAnswer, isFinal, type Status } from './status.ts';
import { waitingOf } from './waiting.ts';

export interface HistoryEntry {
  readonly version: number;
  readonly oldStatus: Status | null;
  readonly newStatus: Status;
  readonly changedBy: string;
  readonly memo: string | null;
}

export interface EventEntry {
  readonly eventType: ContractEventType;
  readonly oldStatus: Status | null;
  readonly newStatus: Status | null;
  readonly actor: Actor;
  readonly details: string | null;
}

/** Everything that one transaction writes. */
export interface Advanced {
  readonly before: Contract | null;
  readonly contract: Contract;
  readonly history: readonly HistoryEntry[];
  readonly events: readonly EventEntry[];
  readonly facts: readonly OutgoingFact[];
  readonly credentials: readonly SealedCredential[];
}

/** A new contract in its first state. */
export function open(contract: Contract, limits: Limits): Advanced {
  const step: Step = { to: contract.status, actor: 'tenant', changedBy: contract.tenantPublicKey };
  const opened = withDeadline(contract, limits);
  return {
    before: null,
    contract: opened,
    history: [historyOf(opened, null, step)],
    events: [eventOf(null, step)],
    facts: [statusChanged(opened, null, step, opened.createdAtNs)],
    credentials: [],
  };
}

/**
 * Works a change into a contract: table, guards, settlement, and what has to be written and published about it.
 * @throws Refusal CONFLICT when a step is not allowed.
 */
export function advance(before: Contract, change: Change, nowNs: bigint, limits: Limits): Advanced {
  const history: HistoryEntry[] = [];
  const events: EventEntry[] = (change.events ?? []).map((event) => ({
    oldStatus: null,
    newStatus: null,
    details: null,
    ...event,
  }));
  const facts: OutgoingFact[] = [];
  let contract: Contract = { ...before, ...change.set };
  for (const step of change.steps ?? []) {
    const from = contract.status;
    assertMayMove(contract, step.to);
    contract = withDeadline(move(contract, step, nowNs), limits);
    history.push(historyOf(contract, from, step));
    events.push(eventOf(from, step));
    facts.push(statusChanged(contract, from, step, nowNs));
    if (step.to === 'accepted') facts.push(accepted(contract, nowNs));
    if (isFinal(step.to)) facts.push(ended(contract, nowNs));
  }
  if (awaitsAnswer(contract.status) && isPaid(contract) && !isPaid(before))
    facts.push(requested(contract, nowNs));
  if (change.machineChange) {
    facts.push(machineChanged(contract, change.machineChange, before.machineDownSinceNs, nowNs));
  }
  if (contract.machineWantedAgainAtNs !== null && before.machineWantedAgainAtNs === null) {
    facts.push(machineWantedAgain(withDeadline(contract, limits), nowNs));
  }
  if (contract.endsAtNs !== before.endsAtNs) {
    // Readers go by the version: one without a step takes one of its own.
    if (contract.version === before.version) contract = { ...contract, version: contract.version + 1 };
    const fact = paidTime(contract, nowNs);
    if (fact) facts.push(fact);
  }
  if (change.settleAgain) contract = settled(contract, nowNs);
  return {
    before,
    contract: withDeadline(contract, limits),
    history,
    events,
    facts,
    credentials: isFinal(contract.status) ? [] : (change.credentials ?? []),
  };
}

/** One after the other, as one write. */
export function andThen(first: Advanced, change: Change, nowNs: bigint, limits: Limits): Advanced {
  const second = advance(first.contract, change, nowNs, limits);
  return {
    before: first.before,
    contract: second.contract,
    history: [...first.history, ...second.history],
    events: [...first.events, ...second.events],
    facts: [...first.facts, ...second.facts],
    credentials: [...first.credentials, ...second.credentials],
  };
}

function move(contract: Contract, step: Step, nowNs: bigint): Contract {
  const moved: Contract = {
    ...contract,
    status: step.to,
    version: contract.version + 1,
    statusUpdatedAtNs: nowNs,
    statusUpdatedBy: step.changedBy,
    acceptedAtNs: step.to === 'accepted' ? nowNs : contract.acceptedAtNs,
  };
  if (!isFinal(step.to)) return moved;
  const over = {
    endReason: step.reason ?? null,
    passwordResetRequestedAtNs: null,
    sshKeyRotationRequestedAtNs: null,
  };
  return settled({ ...moved, ...over }, nowNs);
}

function settled(contract: Contract, nowNs: bigint): Contract {
  const { refundE9s, earnedE9s } = settle(
    {
      ...contract,
      startedAtNs: contract.provisioningCompletedAtNs,
      downSinceNs: contract.machineDownSinceNs,
      downNs: contract.machineDownNs,
    },
    nowNs,
  );
  return { ...contract, refundDueE9s: refundE9s, earnedE9s };
}

function withDeadline(contract: Contract, limits: Limits): Contract {
  const { status } = contract;
  const deadlineAtNs = isFinal(status)
    ? null
    : waitingOf({ ...contract, status }).deadlineNs(contract, limits);
  return { ...contract, deadlineAtNs };
}

function historyOf(contract: Contract, from: Status | null, step: Step): HistoryEntry {
  return {
    version: contract.version,
    oldStatus: from,
    newStatus: step.to,
    changedBy: step.changedBy,
    memo: step.memo ?? step.reason ?? null,
  };
}

function eventOf(from: Status | null, step: Step): EventEntry {
  return {
    eventType: 'status_change',
    oldStatus: from,
    newStatus: step.to,
    actor: step.actor,
    details: step.reason ?? null,
  };
}
