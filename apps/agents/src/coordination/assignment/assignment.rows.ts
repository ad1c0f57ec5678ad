import { rowOf, stored } from '@decent-cloud/postgres';
import { storedInstance } from './machine-instance.stored.ts';
import { storedSpec } from './machine-spec.stored.ts';
import type { Assignment, Machine } from './rows.ts';

export const assignmentRow = rowOf<Assignment>()({
  contractId: 'contract_id',
  state: 'state',
  generation: 'generation',
  providerPublicKey: 'provider_public_key',
  providerAccountId: 'provider_account_id',
  tenantPublicKey: 'requester_public_key',
  tenantAccountId: 'requester_account_id',
  agentPoolId: 'agent_pool_id',
  datacenterCountry: 'datacenter_country',
  spec: stored('spec', storedSpec),
  encryptionPublicKeys: 'encryption_public_keys',
  deadlineNs: 'deadline_ns',
  waitingSinceNs: 'waiting_since_ns',
  retryAgent: 'retry_agent',
  dueAtNs: 'due_at_ns',
  removedAtNs: 'removed_at_ns',
  endsAtNs: 'ends_at_ns',
  availabilityVersion: 'availability_version',
  downSinceNs: 'down_since_ns',
  downNs: 'down_ns',
});

export const newAssignmentRow = assignmentRow.pick(
  'contractId',
  'providerPublicKey',
  'providerAccountId',
  'tenantPublicKey',
  'tenantAccountId',
  'agentPoolId',
  'datacenterCountry',
  'spec',
  'encryptionPublicKeys',
  'deadlineNs',
);

/** With what is written for people to read, and not read here. */
export const changedAssignmentRow = assignmentRow.and<{ readonly failureReason: string }>()({
  failureReason: 'failure_reason',
});

export const machineRow = rowOf<Machine>()({
  contractId: 'contract_id',
  generation: 'generation',
  agentPublicKey: 'agent_public_key',
  desired: 'desired',
  state: 'state',
  outcome: 'outcome',
  externalId: 'external_id',
  settledAtNs: 'settled_at_ns',
  absentSinceNs: 'absent_since_ns',
  commandsGiven: 'orders',
  nextCommandAtNs: 'next_order_at_ns',
  lostAtNs: 'lost_at_ns',
  availability: 'availability',
  instance: stored('instance', storedInstance),
  updatedAtNs: 'updated_at_ns',
  leaseExpiresAtNs: 'lease_expires_at_ns',
  madeByPolling: 'made_by_polling',
  toldToGoAtNs: 'told_to_go_at_ns',
});
