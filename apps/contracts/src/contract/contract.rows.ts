import { expression, rowOf, stored } from '@decent-cloud/postgres';
import type { Contract } from './domain/contract.ts';
import { storedMachineDetails } from './machine-details.stored.ts';
import { storedMachineSpec } from './machine-spec.stored.ts';

/** Where each member of a contract is kept. */
export const contractRow = rowOf<Contract>()({
  // which one, and how it stands
  contractId: 'contract_id',
  operationId: 'operation_id',
  version: 'version',
  status: 'status',
  statusUpdatedAtNs: 'status_updated_at_ns',
  statusUpdatedBy: 'status_updated_by',
  deadlineAtNs: 'deadline_at_ns',
  endReason: 'end_reason',
  failureMessage: 'failure_message',
  // parties
  tenantPublicKey: 'requester_pubkey',
  tenantAccountId: 'requester_account_id',
  tenantSshPublicKey: 'requester_ssh_pubkey',
  tenantContact: 'requester_contact',
  providerPublicKey: 'provider_pubkey',
  providerAccountId: 'provider_account_id',
  // terms
  offeringDbId: 'offering_db_id',
  offeringId: 'offering_id',
  offeringName: 'offering_name',
  agentPoolId: 'agent_pool_id',
  datacenterCountry: 'datacenter_country',
  machineSpec: stored('machine_spec', storedMachineSpec),
  operatingSystem: 'operating_system',
  encryptionPublicKeys: 'encryption_public_keys',
  autoAccept: 'auto_accept',
  priceE9s: 'price_e9s',
  currency: 'currency',
  durationHours: 'duration_hours',
  originalDurationHours: 'original_duration_hours',
  requestMemo: 'request_memo',
  whenMachineLost: 'when_machine_lost',
  // payment
  paymentMethod: 'payment_method',
  paymentStatus: 'payment_status',
  buyerAddress: 'buyer_address',
  paidE9s: 'paid_e9s',
  paidAtNs: 'paid_at_ns',
  refundDueE9s: 'refund_due_e9s',
  earnedE9s: 'earned_e9s',
  refundAmountE9s: 'refund_amount_e9s',
  refundCreatedAtNs: 'refund_created_at_ns',
  // machine
  attempts: 'attempts',
  agentAssignedAtNs: 'agent_assigned_at_ns',
  attemptStartedAtNs: 'attempt_started_at_ns',
  machineMadeAtNs: 'machine_made_at_ns',
  machineGeneration: 'machine_generation',
  instanceDetails: stored('instance_details', storedMachineDetails),
  instanceAtNs: 'instance_at_ns',
  machineAvailability: 'machine_availability',
  availabilityVersion: 'availability_version',
  machineWantedAgainAtNs: 'machine_wanted_again_at_ns',
  passwordResetRequestedAtNs: 'password_reset_requested_at_ns',
  sshKeyRotationRequestedAtNs: 'ssh_key_rotation_requested_at_ns',
  // timing
  createdAtNs: 'created_at_ns',
  stockHeldAtNs: 'stock_held_at_ns',
  requestedAtNs: 'requested_at_ns',
  acceptedAtNs: 'accepted_at_ns',
  provisioningCompletedAtNs: 'provisioning_completed_at_ns',
  endsAtNs: 'ends_at_ns',
  pausedAtNs: 'paused_at_ns',
  totalPausedNs: 'total_paused_ns',
  machineDownSinceNs: 'machine_down_since_ns',
  machineDownNs: 'machine_down_ns',
  terminatedAtNs: 'terminated_at_ns',
  stockReleasedAtNs: 'stock_released_at_ns',
});

/** Every write makes a new row of it, whatever it changes; the number of the transaction that did tells rows apart. */
export const contractRowToChange = contractRow.and<{ readonly readAs: string }>()({
  readAs: expression('c.xmin::text'),
});

/** The select list that gives rows of type Contract, of the table as `c`. */
export const SELECTED = contractRow.selectFrom('c');
