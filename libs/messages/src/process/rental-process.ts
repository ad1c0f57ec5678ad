import {
  cancelContract,
  createContract,
  resetPassword,
  respondToRequest,
  rotateSshKey,
} from '../contracts.ts';
import * as facts from '../facts.ts';
import * as requests from '../requests.ts';
import type { AgentEventKind, MachineCommand } from '../words/agents.ts';
import {
  MACHINE_ACTIONS,
  type MachineActionKind,
  STEP_NAMES,
  type StepName,
  type StepOwner,
  UNDO_NAMES,
  type UndoName,
} from '../words/contracts.ts';

export { STEP_NAMES, type StepName, UNDO_NAMES, type UndoName };

/**
 * The rental as a saga: its steps in their order, who makes each, what takes it back, and every act by which services
 * and agent carry it on. What people see of a rental and the points at which it is killed in tests both come from here.
 */
export type ProcessService =
  | 'offerings'
  | 'contracts'
  | 'payments'
  | 'agents'
  | 'provider-agent'
  | 'notifications';

/** What sets an act off: a subject of the bus, or what coordinator and agent say to each other. */
export type Trigger =
  | { readonly kind: 'request' | 'fact'; readonly subject: string }
  | { readonly kind: 'command'; readonly name: MachineCommand | MachineActionKind }
  | { readonly kind: 'event'; readonly name: AgentEventKind };

/** One thing that one service does: with one transaction of its own, or as many as it says. */
export interface Act {
  readonly service: ProcessService;
  readonly on: Trigger;
  /** Requests that it makes of others on the way. */
  readonly asks?: readonly string[];
  /** Transactions, one after the other; one when nothing is said. */
  readonly commits?: number;
  /** What the agent writes into its journal on the way, and what it has its backend do. */
  readonly journals?: readonly string[];
  readonly backend?: 'provision' | 'terminate';
  /** What it says when it is done: facts, commands and events. */
  readonly says?: readonly Trigger[];
}

export interface Undo {
  readonly name: UndoName;
  readonly acts: readonly Act[];
  readonly expectedSeconds: number;
}

export interface ProcessStep {
  readonly name: StepName;
  /** Who owes it, in the words of people. */
  readonly owner: StepOwner;
  readonly acts: readonly Act[];
  /** As long as it takes when nothing is in the way; a step of people has none. */
  readonly expectedSeconds?: number;
  /** How what it did is taken back when a later step fails or the rental ends. */
  readonly undo?: Undo;
  /** It is a step only of rentals that it has come to. */
  readonly isSeldom?: true;
}

const request = ({ subject }: { subject: string }): Trigger => ({ kind: 'request', subject });
const fact = ({ subject }: { subject: string }): Trigger => ({ kind: 'fact', subject });
const command = (name: MachineCommand | MachineActionKind): Trigger => ({ kind: 'command', name });
const event = (name: AgentEventKind): Trigger => ({ kind: 'event', name });

/** A rental that is paid from the wallet. */
export const rentalProcess: readonly ProcessStep[] = [
  {
    name: 'hold-stock',
    owner: 'platform',
    expectedSeconds: 1,
    acts: [
      // The money first: whoever has none keeps no unit from others.
      { service: 'payments', on: request(requests.reserveFunds) },
      { service: 'offerings', on: request(requests.holdStock) },
    ],
    undo: {
      name: 'release-stock',
      expectedSeconds: 2,
      acts: [
        { service: 'payments', on: request(requests.releaseFunds) },
        { service: 'offerings', on: request(requests.releaseStock) },
        { service: 'offerings', on: fact(facts.contractEnded), says: [fact(facts.stockReleased)] },
        { service: 'contracts', on: fact(facts.stockReleased) },
      ],
    },
  },
  {
    name: 'request',
    owner: 'platform',
    expectedSeconds: 1,
    acts: [
      {
        service: 'contracts',
        on: request(createContract),
        commits: 2,
        asks: [
          requests.quoteRental.subject,
          requests.ensureAccount.subject,
          requests.reserveFunds.subject,
          requests.holdStock.subject,
          requests.releaseStock.subject,
          requests.releaseFunds.subject,
          requests.chargeRental.subject,
        ],
        says: [
          fact(facts.contractStatusChanged),
          fact(facts.rentalRequested),
          fact(facts.contractStepsChanged),
          fact(facts.contractAccepted),
        ],
      },
    ],
  },
  {
    name: 'pay',
    owner: 'payments',
    expectedSeconds: 1,
    acts: [
      {
        service: 'payments',
        on: request(requests.chargeRental),
        says: [fact(facts.rentalCharged), fact(facts.walletChanged)],
      },
      {
        service: 'contracts',
        on: fact(facts.rentalCharged),
        says: [fact(facts.contractAccepted), fact(facts.rentalRequested)],
      },
    ],
    undo: {
      name: 'refund',
      expectedSeconds: 2,
      acts: [
        {
          service: 'payments',
          on: fact(facts.contractEnded),
          says: [fact(facts.refundIssued), fact(facts.walletChanged)],
        },
        { service: 'contracts', on: fact(facts.refundIssued) },
      ],
    },
  },
  {
    name: 'accept',
    owner: 'provider',
    acts: [
      {
        service: 'contracts',
        on: request(respondToRequest),
        says: [fact(facts.contractAccepted), fact(facts.contractEnded)],
      },
    ],
  },
  {
    name: 'assign-agent',
    owner: 'platform',
    expectedSeconds: 1,
    acts: [
      {
        service: 'agents',
        on: fact(facts.contractAccepted),
        says: [command('provision'), fact(facts.machineAssigned)],
      },
      { service: 'contracts', on: fact(facts.machineAssigned) },
    ],
  },
  {
    name: 'make-machine',
    owner: 'agent',
    expectedSeconds: 60,
    acts: [
      {
        service: 'provider-agent',
        on: command('provision'),
        journals: ['creating', 'running', 'failed', 'sent'],
        backend: 'provision',
        says: [event('claimed'), event('provisioned'), event('failed')],
      },
      { service: 'agents', on: event('claimed'), says: [fact(facts.provisioningStarted)] },
      { service: 'contracts', on: fact(facts.provisioningStarted) },
      { service: 'agents', on: event('failed'), says: [fact(facts.provisioningFailed)] },
      { service: 'contracts', on: fact(facts.provisioningFailed), says: [fact(facts.contractEnded)] },
    ],
    undo: {
      name: 'remove-machine',
      expectedSeconds: 30,
      acts: [
        { service: 'agents', on: fact(facts.contractEnded), says: [command('terminate')] },
        {
          service: 'provider-agent',
          on: command('terminate'),
          journals: ['removing', 'gone', 'sent'],
          backend: 'terminate',
          says: [event('terminated')],
        },
        { service: 'agents', on: event('terminated'), says: [fact(facts.machineRemoved)] },
        { service: 'contracts', on: fact(facts.machineRemoved) },
      ],
    },
  },
  {
    name: 'hand-over',
    owner: 'platform',
    expectedSeconds: 1,
    acts: [
      { service: 'agents', on: event('provisioned'), says: [fact(facts.machineProvisioned)] },
      { service: 'contracts', on: fact(facts.machineProvisioned) },
    ],
  },
  {
    // The machine is down: its agent starts it again, or another one is made, which goes the way of the first.
    name: 'restore-machine',
    owner: 'agent',
    isSeldom: true,
    acts: [
      { service: 'agents', on: event('observed'), says: [fact(facts.machineAvailabilityChanged)] },
      {
        service: 'contracts',
        on: fact(facts.machineAvailabilityChanged),
        says: [fact(facts.contractMachineChanged), fact(facts.machineWantedAgain), fact(facts.contractEnded)],
      },
      {
        service: 'agents',
        on: fact(facts.machineWantedAgain),
        says: [command('provision'), command('terminate'), fact(facts.machineAssigned)],
      },
    ],
  },
];

/** What ends a rental from outside of its steps. */
export const endings: readonly Act[] = [
  { service: 'contracts', on: request(cancelContract), says: [fact(facts.contractEnded)] },
];

/** Who tells people what became of it. */
export const tellings: readonly Act[] = [
  facts.contractStatusChanged,
  facts.rentalRequested,
  facts.contractMachineChanged,
  facts.refundIssued,
  facts.walletChanged,
].map((said) => ({ service: 'notifications', on: fact(said) }));

/** What goes on beside the steps while a machine is rented: it neither moves the rental on nor takes it back. */
export const besides: readonly Act[] = [
  { service: 'contracts', on: fact(facts.machineProvisioned), says: [fact(facts.paidTimeChanged)] },
  { service: 'agents', on: fact(facts.paidTimeChanged), says: [command('provision')] },
  ...[resetPassword, rotateSshKey].map(
    (verb): Act => ({
      service: 'contracts',
      on: request(verb),
      asks: [requests.ensureAccount.subject],
      says: [fact(facts.machineOperationRequested)],
    }),
  ),
  {
    service: 'agents',
    on: fact(facts.machineOperationRequested),
    says: MACHINE_ACTIONS.map(command),
  },
  ...MACHINE_ACTIONS.map(
    (kind): Act => ({
      service: 'provider-agent',
      on: command(kind),
      says: [event('operation-done'), event('operation-failed')],
    }),
  ),
  ...(['operation-done', 'operation-failed'] as const).map(
    (kind): Act => ({
      service: 'agents',
      on: event(kind),
      says: [fact(facts.machineOperationFinished)],
    }),
  ),
  {
    service: 'contracts',
    on: fact(facts.machineOperationFinished),
    says: [fact(facts.machineOperationRecorded)],
  },
  { service: 'provider-agent', on: command('provision'), says: [event('script-done')] },
  { service: 'agents', on: event('script-done'), says: [fact(facts.machineScriptFinished)] },
  { service: 'contracts', on: fact(facts.machineScriptFinished) },
];
