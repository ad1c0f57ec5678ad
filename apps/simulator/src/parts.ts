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

/** The real flows of the services, as their classes. Mutants put a class of their own in the place of one of them. */
export const parts = {
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
};
export type Parts = typeof parts;
