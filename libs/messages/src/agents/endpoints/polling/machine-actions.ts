import { z } from 'zod';
import { endpoint } from '../../../wire/endpoint.ts';
import { int64, optionalIn, relayedWord } from '../../../wire/schema.ts';
import { text } from '../../../wire/text.ts';
import { CONTRACT_STATUSES } from '../../../words/contracts.ts';
import { contractParams, providerParams, tags } from './parts.ts';

/** In both spellings: shipped agents read one that the existing system did not write. */
const waiting = {
  contract_id: z.string(),
  contractId: z.string(),
  requester_ssh_pubkey: z.string(),
  requesterSshPubkey: z.string(),
  /** JSON text: how to reach the machine. */
  provisioning_instance_details: z.string().optional(),
  provisioningInstanceDetails: z.string().optional(),
};

export const listPendingPasswordResets = endpoint({
  method: 'GET',
  path: '/api/v1/providers/{pubkey}/contracts/pending-password-reset',
  subject: 'req.agents.v1.list-pending-password-resets',
  auth: 'provider-or-agent',
  permission: 'fetch_contracts',
  summary: 'Contracts whose tenants wait for a new password, oldest request first',
  tags,
  params: providerParams,
  answer: z.array(
    z
      .object({
        ...waiting,
        requester_pubkey: z.string(),
        provider_pubkey: z.string(),
        offering_id: z.string(),
        status: relayedWord(CONTRACT_STATUSES),
        end_timestamp_ns: int64().optional(),
        password_reset_requested_at_ns: int64(),
      })
      .meta({ id: 'ContractPendingPasswordReset' }),
  ),
  refusals: ['NOT_OWNER', 'SERVICE_UNAVAILABLE', 'AGENT_INSTANCE_HELD'],
});

export const reportPassword = endpoint({
  method: 'PUT',
  path: '/api/v1/provider/rental-requests/{id}/password',
  subject: 'req.agents.v1.report-password',
  auth: 'provider-or-agent',
  permission: 'provision',
  summary: 'Hand over the new password of a machine: it is sealed for the tenant and kept nowhere',
  tags,
  params: contractParams,
  body: z
    .object({ newPassword: optionalIn(text(1_024)), new_password: optionalIn(text(1_024)) })
    .transform(({ newPassword, new_password: other }, context) => {
      const password = newPassword ?? other;
      if (password) return { newPassword: password };
      context.addIssue({ code: 'custom', path: ['newPassword'], message: 'must be a password' });
      return z.NEVER;
    })
    .meta({ id: 'UpdatePasswordRequest' }),
  answer: z.string(),
  refusals: ['CONTRACT_NOT_FOUND', 'TRANSITION_NOT_ALLOWED', 'KEY_UNACCEPTABLE', 'AGENT_INSTANCE_HELD'],
});

export const listPendingSshKeyRotations = endpoint({
  method: 'GET',
  path: '/api/v1/providers/{pubkey}/contracts/pending-ssh-key-rotation',
  subject: 'req.agents.v1.list-pending-ssh-key-rotations',
  auth: 'provider-or-agent',
  permission: 'fetch_contracts',
  summary: 'Contracts whose tenants wait for another SSH key, oldest request first',
  tags,
  params: providerParams,
  answer: z.array(z.object(waiting).meta({ id: 'ContractPendingSshKeyRotation' })),
  refusals: ['NOT_OWNER', 'SERVICE_UNAVAILABLE', 'AGENT_INSTANCE_HELD'],
});

export const reportSshKeyRotation = endpoint({
  method: 'PUT',
  path: '/api/v1/provider/rental-requests/{id}/ssh-key-rotation',
  subject: 'req.agents.v1.report-ssh-key-rotation',
  auth: 'provider-or-agent',
  permission: 'provision',
  summary: "Say that the tenant's new SSH key is in the machine",
  tags,
  params: contractParams,
  answer: z.string(),
  refusals: ['CONTRACT_NOT_FOUND', 'TRANSITION_NOT_ALLOWED', 'AGENT_INSTANCE_HELD'],
});
