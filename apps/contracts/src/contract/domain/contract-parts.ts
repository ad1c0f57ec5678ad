import type { facts, Input } from '@decent-cloud/messages';
import type {
  MachineAvailability,
  PaymentStatus,
  PaymentMethod as RequestedMethod,
  WhenMachineLost,
} from '@decent-cloud/messages/words';
import type { StoredMachineDetails } from '../machine-details.stored.ts';
import type { StoredMachineSpec } from '../machine-spec.stored.ts';

/** Those that rentals can be paid by at present. */
export type PaymentMethod = Extract<RequestedMethod, 'wallet' | 'test'>;
export type MachineSpec = StoredMachineSpec;
/** Under the names that shipped clients read. A password never is among them. */
export type MachineDetails = StoredMachineDetails;
export type SealedCredential = Input<typeof facts.sealedCredential>;

/** Who rents, and from whom. */
export interface Parties {
  readonly tenantPublicKey: string;
  readonly tenantAccountId: string;
  readonly tenantSshPublicKey: string;
  readonly tenantContact: string;
  readonly providerPublicKey: string;
  readonly providerAccountId: string | null;
}

/** What was agreed, as it was when rented. */
export interface Terms {
  readonly offeringDbId: bigint;
  readonly offeringId: string;
  readonly offeringName: string;
  readonly agentPoolId: string | null;
  readonly datacenterCountry: string;
  /** The offering as it was when rented. */
  readonly machineSpec: MachineSpec;
  readonly operatingSystem: string | null;
  readonly encryptionPublicKeys: readonly string[];
  readonly autoAccept: boolean;
  readonly priceE9s: bigint;
  readonly currency: string;
  readonly durationHours: number;
  readonly originalDurationHours: number;
  readonly requestMemo: string;
  /** The tenant's setting. */
  readonly whenMachineLost: WhenMachineLost;
}

/** What was paid, and who gets it. */
export interface Payment {
  readonly paymentMethod: PaymentMethod;
  readonly paymentStatus: PaymentStatus;
  readonly buyerAddress: string | null;
  /** What was really charged: 0 for test rentals. */
  readonly paidE9s: bigint;
  readonly paidAtNs: bigint | null;
  /** Set when it ends: paid = refund due + earned. */
  readonly refundDueE9s: bigint | null;
  readonly earnedE9s: bigint | null;
  /** What payments says it has given back. */
  readonly refundAmountE9s: bigint | null;
  readonly refundCreatedAtNs: bigint | null;
}

/** How the machine is made, how it is reached, and what is done inside of it. */
export interface MachineStanding {
  /** How often an agent was given the machine to make; the first time, and the newest. */
  readonly attempts: number;
  readonly agentAssignedAtNs: bigint | null;
  readonly attemptStartedAtNs: bigint | null;
  /** When the agent had made the machine. */
  readonly machineMadeAtNs: bigint | null;
  /** Highest generation heard of: older ones change nothing. */
  readonly machineGeneration: number;
  readonly instanceDetails: MachineDetails | null;
  /** When its agent said how the machine is reached. */
  readonly instanceAtNs: bigint | null;
  /** How its agent says that the machine stands, in the newest version that was heard of. */
  readonly machineAvailability: MachineAvailability;
  readonly availabilityVersion: number;
  /** Since when another machine is being made in place of a lost one. */
  readonly machineWantedAgainAtNs: bigint | null;
  /** What the tenant waits for inside of the machine: since when; null when nothing is under way. */
  readonly passwordResetRequestedAtNs: bigint | null;
  readonly sshKeyRotationRequestedAtNs: bigint | null;
}

/** When what happened, and for how long there was nothing to pay for. */
export interface Timing {
  readonly createdAtNs: bigint;
  /** When the unit was held, and when the contract was written; null: made before this was noted. */
  readonly stockHeldAtNs: bigint | null;
  readonly requestedAtNs: bigint | null;
  readonly acceptedAtNs: bigint | null;
  /** When the tenant got the machine: the paid time runs from here. */
  readonly provisioningCompletedAtNs: bigint | null;
  readonly endsAtNs: bigint | null;
  readonly pausedAtNs: bigint | null;
  readonly totalPausedNs: bigint;
  /** Since when there is no machine that runs, and all such times that are over, in sum: not paid for. */
  readonly machineDownSinceNs: bigint | null;
  readonly machineDownNs: bigint;
  readonly terminatedAtNs: bigint | null;
  /** When the unit was for rent again. */
  readonly stockReleasedAtNs: bigint | null;
}
