import {
  DestroyingTheUnnamed,
  IgnoringGenerations,
  LeavingTheStopped,
  withAgentParts,
} from './agent-mutants.ts';
import type { BackendMutations } from './backend.ts';
import type { BrokerMutations } from './broker.ts';
import {
  ChargingLostTime,
  ConfirmingNoPayments,
  GivingUpBlindly,
  RefusingTheEnded,
  RegeneratingCharges,
  RegeneratingOperations,
  ReservingNothing,
  SettlingNoDeadlines,
  TellingOnlyOfTheFirst,
  TellingThatAnotherIsBack,
  withParts,
} from './contract-mutants.ts';
import type { ContractMutations } from './contracts-in-memory.ts';
import * as coordinator from './coordinator-mutants.ts';
import type { StorageMutations } from './database.ts';
import type { OfferingsMutations } from './offerings.ts';
import type { Parts } from './parts.ts';
import { KeepingWhatOvertook, SettlingNothing } from './payment-mutants.ts';
import type { RelayMutations } from './relay.ts';
import type { Rules } from './rules.ts';

export type Switches = BackendMutations &
  BrokerMutations &
  ContractMutations &
  OfferingsMutations &
  RelayMutations &
  StorageMutations;

/** Nothing is wrong. */
export const SOUND: Switches = {
  looksForNoMarks: false,
  ackBeforeCommit: false,
  writesWhatWasRead: false,
  releasesNoStock: false,
  naiveCursor: false,
  marksBeforePublishing: false,
  comparesLengthOnly: false,
  missingInbox: false,
  outboxApart: false,
};

/** A defect that somebody could build in, and that the simulator has to find. */
export interface Mutant {
  readonly name: string;
  readonly switches?: Partial<Switches>;
  readonly rules?: (rules: Rules) => Rules;
  readonly parts?: (parts: Parts) => Parts;
}

export const MUTANTS: readonly Mutant[] = [
  { name: 'facts are acknowledged before the commit', switches: { ackBeforeCommit: true } },
  { name: 'the outbox is read with a cursor', switches: { naiveCursor: true } },
  { name: 'there is no inbox', switches: { missingInbox: true } },
  { name: 'outbox rows are written after the commit', switches: { outboxApart: true } },
  { name: 'outbox rows are marked before they are published', switches: { marksBeforePublishing: true } },
  { name: 'a stream that has grown again is taken for whole', switches: { comparesLengthOnly: true } },
  {
    name: 'a charge gets a new key on each attempt',
    parts: withParts('contracts', { RentalPayment: RegeneratingCharges }),
  },
  {
    name: 'a rental gets a new operation and hold on each attempt',
    parts: withParts('contracts', { CreateContract: RegeneratingOperations }),
  },
  {
    name: 'a hold is given back without a look for the contract',
    parts: withParts('contracts', { CreateContract: GivingUpBlindly }),
  },
  { name: 'a change is written over a newer one', switches: { writesWhatWasRead: true } },
  {
    name: 'a unit is held before its money is set aside',
    parts: withParts('contracts', { FundReservations: ReservingNothing }),
  },
  {
    name: 'deadlines are not looked for',
    parts: withParts('contracts', { SettleDeadlines: SettlingNoDeadlines }),
  },
  {
    name: 'lost answers to charges are not asked for',
    parts: withParts('contracts', { ConfirmPayments: ConfirmingNoPayments }),
  },
  { name: 'the undo step release-stock is skipped', switches: { releasesNoStock: true } },
  {
    name: 'the undo step refund is skipped',
    parts: withParts('payments', { OnContractEnded: SettlingNothing }),
  },
  { name: 'the undo step remove-machine is skipped', parts: coordinator.commandsNoRemovals },
  {
    name: 'a charge that overtook the end is kept',
    parts: withParts('payments', { OnContractEnded: KeepingWhatOvertook }),
  },
  {
    name: 'a rental that ended while it was paid refuses its request',
    parts: withParts('contracts', { RentalPayment: RefusingTheEnded }),
  },
  { name: 'events of agents are believed without their signature', parts: coordinator.verifiesNoSignatures },
  { name: 'agents may speak of the machines of others', parts: coordinator.believesInAnyonesName },
  {
    name: 'the coordinator ignores generations and removals',
    parts: coordinator.ignoresGenerationsAndRemovals,
  },
  { name: 'the agent ignores generations', parts: withAgentParts({ Worker: IgnoringGenerations }) },
  { name: 'machines are made without a look at their marks', switches: { looksForNoMarks: true } },
  {
    name: 'what a snapshot does not name is destroyed',
    parts: withAgentParts({ Reconciler: DestroyingTheUnnamed }),
  },
  { name: 'what was stopped by hand is left so', parts: withAgentParts({ Worker: LeavingTheStopped }) },
  { name: "a lost machine is nobody's business", parts: coordinator.passesOverLostMachines },
  { name: 'one list without a machine makes it lost', parts: coordinator.losesAtFirstSight },
  {
    name: 'a machine that was made again is told to be back',
    parts: withParts('contracts', { OnMachineAvailabilityChanged: TellingThatAnotherIsBack }),
  },
  {
    name: 'the time without a machine is charged',
    parts: withParts('contracts', { OnMachineAvailabilityChanged: ChargingLostTime }),
  },
  {
    name: 'a machine that was made again is not told to its tenant',
    parts: withParts('contracts', { OnMachineProvisioned: TellingOnlyOfTheFirst }),
  },
];
