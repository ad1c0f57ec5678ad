import { OnMachineRemoved } from '../../contracts/src/ending/on-machine-removed.ts';
import { OnRefundIssued } from '../../contracts/src/ending/on-refund-issued.ts';
import { OnStockReleased } from '../../contracts/src/ending/on-stock-released.ts';
import { OnMachineAssigned } from '../../contracts/src/machine/on-machine-assigned.ts';
import { OnMachineAvailabilityChanged } from '../../contracts/src/machine/on-machine-availability-changed.ts';
import { OnMachineProvisioned } from '../../contracts/src/machine/on-machine-provisioned.ts';
import { OnProvisioningFailed } from '../../contracts/src/machine/on-provisioning-failed.ts';
import { OnProvisioningStarted } from '../../contracts/src/machine/on-provisioning-started.ts';
import { OnRentalCharged } from '../../contracts/src/renting/on-rental-charged.ts';

/** The real flows of the services, as their classes. Mutants put a class of their own in the place of one of them. */
export const parts = {
  contracts: {
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
