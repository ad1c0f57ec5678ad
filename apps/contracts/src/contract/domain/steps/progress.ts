import type { StepName } from '@decent-cloud/messages/process';
import type { Contract } from '../contract.ts';
import { needsCharge } from '../new-contract.ts';
import { isFinal } from '../status.ts';

/** How far a step is, from what is written down. */
export type Progress =
  | { readonly is: 'not-needed' }
  /** It has not come to that. */
  | { readonly is: 'absent' }
  | { readonly is: 'open' }
  /** Null: it is done, and nobody wrote down when. */
  | { readonly is: 'done'; readonly atNs: bigint | null };

const open: Progress = { is: 'open' };
const done = (atNs: bigint | null): Progress => ({ is: 'done', atNs });

export const progress: Readonly<Record<StepName, (contract: Contract) => Progress>> = {
  // A contract exists only with its unit held.
  'hold-stock': ({ stockHeldAtNs }) => done(stockHeldAtNs),
  request: ({ requestedAtNs }) => done(requestedAtNs),
  pay: (contract) => {
    if (!needsCharge(contract)) return { is: 'not-needed' };
    return isPaidInTime(contract) ? done(contract.paidAtNs) : open;
  },
  accept: ({ acceptedAtNs }) => (acceptedAtNs === null ? open : done(acceptedAtNs)),
  'assign-agent': (contract) => (wasAssigned(contract) ? done(contract.agentAssignedAtNs) : open),
  'make-machine': (contract) => (hasMachine(contract) ? done(contract.machineMadeAtNs) : open),
  'hand-over': (contract) => (hasMachine(contract) ? done(contract.provisioningCompletedAtNs) : open),
  'restore-machine': (contract) => (hasMachine(contract) && isDown(contract) ? open : { is: 'absent' }),
};

/** When it ended; undefined while it lives. */
export const endOf = (contract: Contract): bigint | undefined =>
  isFinal(contract.status) ? contract.statusUpdatedAtNs : undefined;

/** Money that came after the end did not carry the rental on. */
function isPaidInTime(contract: Contract): boolean {
  const { paidAtNs, acceptedAtNs } = contract;
  if (paidAtNs === null) return false;
  const endNs = endOf(contract);
  return endNs === undefined || acceptedAtNs !== null || paidAtNs <= endNs;
}

/** There is, was, or may be a machine of it at an agent. Contracts made before attempts were counted tell by the rest. */
export const wasAssigned = (contract: Contract): boolean =>
  contract.attempts > 0 ||
  contract.status === 'provisioning' ||
  contract.endReason === 'PROVISIONING_FAILED' ||
  contract.terminatedAtNs !== null ||
  hasMachine(contract);

const isDown = ({ machineAvailability, machineWantedAgainAtNs, endReason }: Contract): boolean =>
  machineAvailability !== 'up' || machineWantedAgainAtNs !== null || endReason === 'MACHINE_LOST';

const hasMachine = ({ provisioningCompletedAtNs }: Contract): boolean => provisioningCompletedAtNs !== null;
