import { Commands } from '../../agents/src/commands/commands.ts';
import { Availability } from '../../agents/src/coordination/availability/availability.ts';
import { Candidates } from '../../agents/src/coordination/choosing/candidates.ts';
import { Coordinator } from '../../agents/src/coordination/driving/coordinator.ts';
import { DriveAssignments } from '../../agents/src/coordination/driving/drive-assignments.ts';
import { OnContractAccepted } from '../../agents/src/coordination/driving/on-contract-accepted.ts';
import { OnMachineWantedAgain } from '../../agents/src/coordination/driving/on-machine-wanted-again.ts';
import { OnPaidTimeChanged } from '../../agents/src/coordination/driving/on-paid-time-changed.ts';
import { AgentEventHandler } from '../../agents/src/coordination/events/agent-event-handler.ts';
import { Observations } from '../../agents/src/coordination/events/observations.ts';
import { OnContractEnded } from '../../agents/src/coordination/on-contract-ended.ts';
import { Removals } from '../../agents/src/coordination/removals/removals.ts';
import { RepeatRemovals } from '../../agents/src/coordination/removals/repeat-removals.ts';
import { AgentEvents } from '../../agents/src/doors/broker/wire/agent-events.ts';
import { Heartbeats } from '../../agents/src/doors/broker/wire/heartbeats.ts';
import { KnownAgents } from '../../agents/src/doors/broker/wire/known-agents.ts';
import { Snapshots } from '../../agents/src/doors/broker/wire/snapshots.ts';
import { CancelContract } from '../../contracts/src/ending/cancel-contract.ts';
import { OnMachineRemoved } from '../../contracts/src/ending/on-machine-removed.ts';
import { OnRefundIssued } from '../../contracts/src/ending/on-refund-issued.ts';
import { OnStockReleased } from '../../contracts/src/ending/on-stock-released.ts';
import { SettleDeadlines } from '../../contracts/src/ending/settle-deadlines.ts';
import { OnMachineAssigned } from '../../contracts/src/machine/on-machine-assigned.ts';
import { OnMachineAvailabilityChanged } from '../../contracts/src/machine/on-machine-availability-changed.ts';
import { OnMachineProvisioned } from '../../contracts/src/machine/on-machine-provisioned.ts';
import { OnProvisioningFailed } from '../../contracts/src/machine/on-provisioning-failed.ts';
import { OnProvisioningStarted } from '../../contracts/src/machine/on-provisioning-started.ts';
import { ConfirmPayments } from '../../contracts/src/renting/confirm-payments.ts';
import { CreateContract } from '../../contracts/src/renting/create-contract.ts';
import { FundReservations } from '../../contracts/src/renting/funds.ts';
import { Holds } from '../../contracts/src/renting/hold.ts';
import { LivingHolds } from '../../contracts/src/renting/living-holds.ts';
import { OnRentalCharged } from '../../contracts/src/renting/on-rental-charged.ts';
import { RentalPayment } from '../../contracts/src/renting/rental-payment.ts';
import { RespondToRequest } from '../../contracts/src/renting/respond-to-request.ts';
import { ChargeRental } from '../../payments/src/rental/charge-rental.ts';
import { OnContractEnded as OnContractEndedInPayments } from '../../payments/src/rental/on-contract-ended.ts';
import { RentalPayments } from '../../payments/src/rental/rental-payments.ts';
import { ReleaseFunds } from '../../payments/src/wallet/release-funds.ts';
import { ReserveFunds } from '../../payments/src/wallet/reserve-funds.ts';
import { coreParts } from '../../provider-agent/src/agent/core.ts';
import { SignedByModelledAgent } from './signing.ts';

/** The real flows of the services, as their classes. Mutants put a class of their own in the place of one of them. */
export const parts = {
  agents: {
    AgentEventHandler,
    AgentEvents,
    Availability,
    Candidates,
    Commands,
    Coordinator,
    DriveAssignments,
    Heartbeats,
    KnownAgents,
    Observations,
    OnContractAccepted,
    OnContractEnded,
    OnMachineWantedAgain,
    OnPaidTimeChanged,
    Removals,
    RepeatRemovals,
    SignedByAgent: SignedByModelledAgent,
    Snapshots,
  },
  contracts: {
    ConfirmPayments,
    CreateContract,
    FundReservations,
    Holds,
    LivingHolds,
    RentalPayment,
    RespondToRequest,
    CancelContract,
    SettleDeadlines,
    OnMachineAssigned,
    OnMachineAvailabilityChanged,
    OnMachineProvisioned,
    OnMachineRemoved,
    OnProvisioningFailed,
    OnProvisioningStarted,
    OnRefundIssued,
    OnRentalCharged,
    OnStockReleased,
  },
  payments: {
    ChargeRental,
    OnContractEnded: OnContractEndedInPayments,
    ReleaseFunds,
    RentalPayments,
    ReserveFunds,
  },
  agent: coreParts,
};
export type Parts = typeof parts;
