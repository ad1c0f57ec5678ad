import type { DesiredMachine } from '@decent-cloud/messages';
import type { MachineAvailability } from '@decent-cloud/messages/words';
import type { Outcome } from '../../agents/src/coordination/assignment/domain/attempt.ts';
import type {
  AssignmentState,
  MachineState,
} from '../../agents/src/coordination/assignment/domain/decide-event.ts';

export interface Assignment {
  readonly contractId: string;
  readonly state: AssignmentState;
  readonly generation: number;
  readonly providerPublicKey: string;
  readonly agentPoolId: string | null;
  readonly datacenterCountry: string;
  readonly spec: NonNullable<DesiredMachine['spec']>;
  readonly encryptionPublicKeys: string[];
  readonly deadlineNs: bigint;
  readonly waitingSinceNs: bigint | null;
  readonly retryAgent: string | null;
  readonly dueAtNs: bigint | null;
  readonly removedAtNs: bigint | null;
  /** End of the paid time, and by which version of the contract it is known. */
  readonly endsAtNs: bigint | null;
  readonly paidTimeVersion: number;
  readonly availabilityVersion: number;
  readonly downSinceNs: bigint | null;
  readonly downNs: bigint;
}
export interface Machine {
  readonly contractId: string;
  readonly generation: number;
  readonly agentPublicKey: string;
  readonly desired: 'running' | 'absent';
  readonly state: MachineState;
  readonly outcome: Outcome | null;
  readonly externalId: string | null;
  readonly settledAtNs: bigint | null;
  readonly absentSinceNs: bigint | null;
  readonly commandsGiven: number;
  readonly nextCommandAtNs: bigint | null;
  readonly lostAtNs: bigint | null;
  readonly availability: MachineAvailability;
  readonly instance: object | null;
  readonly offeredAtNs: bigint;
  readonly madeByPolling: false;
  readonly updatedAtNs: bigint;
}
export interface AgentRow {
  readonly agentPublicKey: string;
  readonly accountPublicKey: string;
  readonly providerPublicKey: string;
  /** Agents without a link are not simulated. */
  readonly polls: false;
  readonly poolId: string;
  readonly desiredVersion: bigint;
  readonly lastHeartbeatNs: bigint | null;
  readonly provisionerTypes: readonly string[];
  readonly activeContracts: number;
  readonly freeSlots: number;
  /** When its newest observation was made. */
  readonly observedAtNs: bigint;
}
