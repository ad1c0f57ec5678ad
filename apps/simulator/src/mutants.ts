import type { FactPayload, facts } from '@decent-cloud/messages';
import type { ReactionContext } from '@decent-cloud/runtime';
import type { ContractStore, Decide } from '../../contracts/src/contract/contract.store.ts';
import type { AgentMutations } from './agent.ts';
import type { BackendMutations } from './backend.ts';
import type { BrokerMutations } from './broker.ts';
import type { CoordinatorMutations } from './coordinator.ts';
import type { StorageMutations } from './database.ts';
import type { OfferingsMutations } from './offerings.ts';
import type { Parts } from './parts.ts';
import type { RelayMutations } from './relay.ts';
import type { ContractMutations } from './rental-payment.ts';
import type { Rules } from './rules.ts';

export type Switches = AgentMutations &
  BackendMutations &
  BrokerMutations &
  ContractMutations &
  CoordinatorMutations &
  OfferingsMutations &
  RelayMutations &
  StorageMutations;

/** Nothing is wrong. */
export const SOUND: Switches = {
  silenceDestroys: false,
  leavesStopped: false,
  looksForNoMarks: false,
  ackBeforeCommit: false,
  regeneratedOperation: false,
  regeneratedCharge: false,
  givesUpBlindly: false,
  writesWhatWasRead: false,
  reservesNoFunds: false,
  settlesNoDeadlines: false,
  confirmsNoPayments: false,
  commandsNoRemovals: false,
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
  { name: 'a charge gets a new key on each attempt', switches: { regeneratedCharge: true } },
  {
    name: 'a rental gets a new operation and hold on each attempt',
    switches: { regeneratedOperation: true },
  },
  {
    name: 'a hold is given back without a look for the contract',
    switches: { givesUpBlindly: true },
  },
  { name: 'a change is written over a newer one', switches: { writesWhatWasRead: true } },
  { name: 'a unit is held before its money is set aside', switches: { reservesNoFunds: true } },
  { name: 'deadlines are not looked for', switches: { settlesNoDeadlines: true } },
  { name: 'lost answers to charges are not asked for', switches: { confirmsNoPayments: true } },
  { name: 'the undo step release-stock is skipped', switches: { releasesNoStock: true } },
  {
    name: 'the undo step refund is skipped',
    rules: (rules) => ({
      ...rules,
      payments: { ...rules.payments, decideSettlement: () => ({ kind: 'done' }) },
    }),
  },
  { name: 'the undo step remove-machine is skipped', switches: { commandsNoRemovals: true } },
  {
    name: 'a charge that overtook the end is kept',
    rules: (rules) => ({
      ...rules,
      payments: {
        ...rules.payments,
        decideSettlement: (rental, ended) =>
          rental.state === 'charged' && ended.paidE9s === 0n
            ? { kind: 'settle', refundE9s: 0n, earnedE9s: rental.chargedE9s }
            : rules.payments.decideSettlement(rental, ended),
      },
    }),
  },
  {
    name: 'a rental that ended while it was paid refuses its request',
    rules: (rules) => ({ ...rules, contracts: { ...rules.contracts, endedUnpaid: () => false } }),
  },
  {
    name: 'events of agents are believed without their signature',
    rules: (rules) => ({
      ...rules,
      agents: {
        ...rules.agents,
        whyDisbelieved: (agent, account) => rules.agents.whyDisbelieved(agent, account, () => true),
      },
    }),
  },
  {
    name: 'agents may speak of the machines of others',
    rules: (rules) => ({ ...rules, agents: { ...rules.agents, isItsOwn: () => true } }),
  },
  {
    name: 'the coordinator ignores generations and removals',
    rules: (rules) => ({
      ...rules,
      agents: {
        ...rules.agents,
        decideOnEvent: (event, machine, assignment, attempts) =>
          rules.agents.decideOnEvent(
            event,
            { ...machine, desired: 'running', generation: assignment.generation },
            assignment,
            attempts,
          ),
      },
    }),
  },
  {
    name: 'the agent ignores generations',
    rules: (rules) => ({
      ...rules,
      agent: {
        ...rules.agent,
        mayTouch: () => 'yes',
        decide: (desired, record, nowNs) => {
          const isNewer = record !== undefined && record.generation > desired.generation;
          const known = isNewer ? { ...record, generation: desired.generation } : record;
          return rules.agent.decide(desired, known, nowNs);
        },
      },
    }),
  },
  { name: 'machines are made without a look at their marks', switches: { looksForNoMarks: true } },
  { name: 'what a snapshot does not name is destroyed', switches: { silenceDestroys: true } },
  { name: 'what was stopped by hand is left so', switches: { leavesStopped: true } },
  {
    name: "a lost machine is nobody's business",
    rules: (rules) => ({
      ...rules,
      agents: {
        ...rules.agents,
        compareObserved: (...given) => ({ ...rules.agents.compareObserved(...given), standing: [] }),
      },
    }),
  },
  {
    name: 'one list without a machine makes it lost',
    rules: (rules) => ({
      ...rules,
      agents: {
        ...rules.agents,
        compareObserved: (observed, known, atNs) =>
          rules.agents.compareObserved(observed, known, atNs, { lostAfterNs: 0n, allLostAfterNs: 0n }),
      },
    }),
  },
  {
    name: 'a machine that was made again is told to be back',
    parts: (parts) => ({
      ...parts,
      contracts: {
        ...parts.contracts,
        OnMachineAvailabilityChanged: class extends parts.contracts.OnMachineAvailabilityChanged {
          override react(
            { isAnother: _, ...fact }: FactPayload<typeof facts.machineAvailabilityChanged>,
            context: ReactionContext,
          ): Promise<void> {
            return super.react(fact, context);
          }
        },
      },
    }),
  },
  {
    name: 'the time without a machine is charged',
    parts: (parts) => ({
      ...parts,
      contracts: {
        ...parts.contracts,
        OnMachineAvailabilityChanged: class extends parts.contracts.OnMachineAvailabilityChanged {
          constructor(store: ContractStore) {
            const paid = { machineDownSinceNs: null, machineDownNs: 0n };
            super(
              deciding(store, (decide) => (contract) => {
                const change = decide(contract);
                return change && { ...change, set: { ...change.set, ...paid } };
              }),
            );
          }
        },
      },
    }),
  },
  {
    name: 'a machine that was made again is not told to its tenant',
    parts: (parts) => ({
      ...parts,
      contracts: {
        ...parts.contracts,
        OnMachineProvisioned: class extends parts.contracts.OnMachineProvisioned {
          constructor(store: ContractStore) {
            super(
              deciding(
                store,
                (decide) => (contract) => (contract.endsAtNs === null ? decide(contract) : undefined),
              ),
            );
          }
        },
      },
    }),
  },
];

/** The same store, for one that decides otherwise. */
function deciding(store: ContractStore, otherwise: (decide: Decide) => Decide): ContractStore {
  const changeIn: ContractStore['changeIn'] = (sql, contractId, decide, ...rest) =>
    store.changeIn(sql, contractId, otherwise(decide), ...rest);
  return Object.create(store, { changeIn: { value: changeIn } });
}
