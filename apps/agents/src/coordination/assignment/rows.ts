import type { MachineAvailability } from '@decent-cloud/messages/words';
import type { Outcome } from './domain/attempt.ts';
import type { AssignmentState, MachineState } from './domain/decide-event.ts';
import type { StoredInstance } from './machine-instance.stored.ts';
import type { StoredSpec } from './machine-spec.stored.ts';

export interface Assignment {
  contractId: string;
  state: AssignmentState;
  generation: number;
  providerPublicKey: string;
  providerAccountId: string | null;
  tenantPublicKey: string | null;
  tenantAccountId: string | null;
  agentPoolId: string | null;
  datacenterCountry: string;
  spec: StoredSpec;
  encryptionPublicKeys: string[];
  deadlineNs: bigint;
  waitingSinceNs: bigint | null;
  retryAgent: string | null;
  dueAtNs: bigint | null;
  removedAtNs: bigint | null;
  /** End of the paid time, once the contract has said it. */
  endsAtNs: bigint | null;
  /** Counts what the contract is told of its machine's availability. */
  availabilityVersion: number;
  /** Since when there is no machine that runs, and all such times that are over, in sum. */
  downSinceNs: bigint | null;
  downNs: bigint;
}
export interface Machine {
  contractId: string;
  generation: number;
  agentPublicKey: string;
  desired: 'running' | 'absent';
  state: MachineState;
  outcome: Outcome | null;
  externalId: string | null;
  settledAtNs: bigint | null;
  absentSinceNs: bigint | null;
  commandsGiven: number;
  nextCommandAtNs: bigint | null;
  /** Since when its agent does not see it, as far as it has said so without a break. */
  lostAtNs: bigint | null;
  availability: MachineAvailability;
  /** How it is reached, as its agent said last; null: made before this was kept. */
  instance: StoredInstance | null;
  updatedAtNs: bigint;
  /** Until when a polling agent has it in hand. */
  leaseExpiresAtNs: bigint | null;
  madeByPolling: boolean;
  /** When a polling agent that saw it running was told to terminate it. */
  toldToGoAtNs: bigint | null;
}

/** What is known of a contract when it is accepted. */
export type NewAssignment = Pick<
  Assignment,
  | 'contractId'
  | 'providerPublicKey'
  | 'providerAccountId'
  | 'tenantPublicKey'
  | 'tenantAccountId'
  | 'agentPoolId'
  | 'datacenterCountry'
  | 'spec'
  | 'encryptionPublicKeys'
  | 'deadlineNs'
>;
export type AssignmentChange = Partial<
  Pick<
    Assignment,
    | 'state'
    | 'generation'
    | 'waitingSinceNs'
    | 'retryAgent'
    | 'dueAtNs'
    | 'removedAtNs'
    | 'spec'
    | 'deadlineNs'
    | 'availabilityVersion'
    | 'downSinceNs'
    | 'downNs'
  >
> & { failureReason?: string };
export type MachineChange = Partial<
  Pick<
    Machine,
    | 'desired'
    | 'state'
    | 'outcome'
    | 'externalId'
    | 'settledAtNs'
    | 'absentSinceNs'
    | 'commandsGiven'
    | 'nextCommandAtNs'
    | 'lostAtNs'
    | 'availability'
    | 'instance'
    | 'leaseExpiresAtNs'
    | 'madeByPolling'
    | 'toldToGoAtNs'
  >
>;
