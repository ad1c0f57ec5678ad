import type { Reason } from '@decent-cloud/kernel';
import type { Actor, ContractEventType, MachineChange } from '@decent-cloud/messages/words';
import type { MachineStanding, Parties, Payment, SealedCredential, Terms, Timing } from './contract-parts.ts';
import type { Status } from './status.ts';

/** Which contract it is, and how it stands. */
interface Identity {
  readonly contractId: string;
  /** Of the request that made it; also names the hold on the stock. */
  readonly operationId: string;
  readonly version: number;
  readonly status: Status;
  readonly statusUpdatedAtNs: bigint;
  readonly statusUpdatedBy: string;
  /** When waiting in this status is over; null exactly in final states. */
  readonly deadlineAtNs: bigint | null;
  readonly endReason: Reason | null;
  readonly failureMessage: string | null;
}

/** One rental, as it is kept. Times are Unix nanoseconds. */
export interface Contract extends Identity, Parties, Terms, Payment, MachineStanding, Timing {}

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
