import type { Reason } from '@decent-cloud/kernel';
import type { facts, Input } from '@decent-cloud/messages';
import type {
  Actor,
  ContractEventType,
  MachineAvailability,
  MachineChange,
  PaymentStatus,
  PaymentMethod as RequestedMethod,
  WhenMachineLost,
} from '@decent-cloud/messages/words';
import type { StoredMachineDetails } from '../machine-details.stored.ts';
import type { StoredMachineSpec } from '../machine-spec.stored.ts';
import type { Status } from './status.ts';

/** Those that rentals can be paid by at present. */
export type PaymentMethod = Extract<RequestedMethod, 'wallet' | 'test'>;
export type MachineSpec = StoredMachineSpec;
/** Under the names that shipped clients read. A password never is among them. */
export type MachineDetails = StoredMachineDetails;
export type SealedCredential = Input<typeof facts.sealedCredential>;

/** One rental, as it is kept. Times are Unix nanoseconds. */
export interface Contract {
  readonly contractId: string;
  /** Of the request that made it; also names the hold on the stock. */
  readonly operationId: string;
  readonly version: number;
  readonly status: Status;
  readonly statusUpdatedAtNs: bigint;
  readonly statusUpdatedBy: string;
  /** When waiting in this status is over; null exactly in final states. */
  readonly deadlineAtNs: bigint | null;
  readonly tenantPublicKey: string;
  readonly tenantAccountId: string;
  readonly tenantSshPublicKey: string;
  readonly tenantContact: string;
  readonly providerPublicKey: string;
  readonly providerAccountId: string | null;
  readonly offeringDbId: bigint;
  readonly offeringId: string;
  readonly offeringName: string;
  readonly agentPoolId: string | null;
  readonly datacenterCountry: string;
  /** The offering as it was when rented. */
  readonly machineSpec: MachineSpec;
  readonly encryptionPublicKeys: readonly string[];
  readonly autoAccept: boolean;
  readonly priceE9s: bigint;
  readonly currency: string;
  readonly paymentMethod: PaymentMethod;
  readonly paymentStatus: PaymentStatus;
  /** What was really charged: 0 for test rentals. */
  readonly paidE9s: bigint;
  readonly paidAtNs: bigint | null;
  /** Set when it ends: paid = refund due + earned. */
  readonly refundDueE9s: bigint | null;
  readonly earnedE9s: bigint | null;
  /** What payments says it has given back. */
  readonly refundAmountE9s: bigint | null;
  readonly refundCreatedAtNs: bigint | null;
  readonly durationHours: number;
  readonly originalDurationHours: number;
  readonly requestMemo: string;
  readonly buyerAddress: string | null;
  readonly operatingSystem: string | null;
  readonly createdAtNs: bigint;
  /** When the unit was held, and when the contract was written; null: made before this was noted. */
  readonly stockHeldAtNs: bigint | null;
  readonly requestedAtNs: bigint | null;
  readonly acceptedAtNs: bigint | null;
  /** How often an agent was given the machine to make; the first time, and the newest. */
  readonly attempts: number;
  readonly agentAssignedAtNs: bigint | null;
  readonly attemptStartedAtNs: bigint | null;
  /** When the agent had made the machine. */
  readonly machineMadeAtNs: bigint | null;
  /** When the tenant got the machine: the paid time runs from here. */
  readonly provisioningCompletedAtNs: bigint | null;
  readonly endsAtNs: bigint | null;
  readonly pausedAtNs: bigint | null;
  readonly totalPausedNs: bigint;
  /** Highest generation heard of: older ones change nothing. */
  readonly machineGeneration: number;
  readonly instanceDetails: MachineDetails | null;
  readonly endReason: Reason | null;
  readonly failureMessage: string | null;
  readonly terminatedAtNs: bigint | null;
  /** When the unit was for rent again. */
  readonly stockReleasedAtNs: bigint | null;
  /** How its agent says that the machine stands, in the newest version that was heard of. */
  readonly machineAvailability: MachineAvailability;
  readonly availabilityVersion: number;
  /** Since when there is no machine that runs, and all such times that are over, in sum: not paid for. */
  readonly machineDownSinceNs: bigint | null;
  readonly machineDownNs: bigint;
  /** When its agent said how the machine is reached. */
  readonly instanceAtNs: bigint | null;
  /** The tenant's setting. */
  readonly whenMachineLost: WhenMachineLost;
  /** Since when another machine is being made in place of a lost one. */
  readonly machineWantedAgainAtNs: bigint | null;
  /** What the tenant waits for inside of the machine: since when; null when nothing is under way. */
  readonly passwordResetRequestedAtNs: bigint | null;
  readonly sshKeyRotationRequestedAtNs: bigint | null;
}

type DerivedByAdvance =
  | 'contractId'
  | 'operationId'
  | 'version'
  | 'status'
  | 'statusUpdatedAtNs'
  | 'statusUpdatedBy'
  | 'deadlineAtNs'
  | 'acceptedAtNs'
  | 'endReason'
  | 'refundDueE9s'
  | 'earnedE9s';

/** One move of the status. */
export interface Step {
  readonly to: Status;
  readonly actor: Actor;
  /** A public key, or a `system…` tag. */
  readonly changedBy: string;
  readonly reason?: Reason;
  readonly memo?: string | undefined;
  /** Whoever rents has it as the answer to their request. */
  readonly isAnswered?: boolean;
}

export interface NoteworthyEvent {
  readonly eventType: Exclude<ContractEventType, 'status_change'>;
  readonly actor: Actor;
  readonly details?: string;
}

/** What a decision wants changed. The status moves by steps only. */
export interface Change {
  readonly set?: Partial<Omit<Contract, DerivedByAdvance>>;
  readonly steps?: readonly Step[];
  readonly events?: readonly NoteworthyEvent[];
  readonly credentials?: readonly SealedCredential[];
  /** Both sides are told of it. */
  readonly machineChange?: MachineChange;
  /** Money came for a contract that had already ended: what was paid is split anew. Payments gives it back by itself. */
  readonly settleAgain?: boolean;
}

/** How long each kind of waiting may last. */
export interface Limits {
  readonly requestedNs: bigint;
  readonly pendingNs: bigint;
  readonly responseNs: bigint;
  readonly provisioningNs: bigint;
  /** A machine that nobody complains about is in use after this time. */
  readonly settleInNs: bigint;
}

export const isPaid = (contract: Pick<Contract, 'paymentStatus'>): boolean =>
  contract.paymentStatus === 'succeeded';
