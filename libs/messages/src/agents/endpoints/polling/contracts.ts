import { z } from 'zod';
import { endpoint } from '../../../wire/endpoint.ts';
import { int64, optionalIn } from '../../../wire/schema.ts';
import { text } from '../../../wire/text.ts';
import { contractOfProvider, contractParams, providerParams, tags } from './parts.ts';

export const listPendingProvision = endpoint({
  method: 'GET',
  path: '/api/v1/providers/{pubkey}/contracts/pending-provision',
  subject: 'req.agents.v1.list-pending-provision',
  auth: 'agent',
  permission: 'fetch_contracts',
  summary: 'Contracts that the calling agent is to make machines for, oldest first',
  tags,
  params: providerParams,
  answer: z.array(
    z
      .object({
        contract_id: z.string(),
        offering_id: z.string(),
        requester_ssh_pubkey: z.string(),
        instance_config: z.string().optional(),
        cpu_cores: int64().optional(),
        memory_amount: z.string().optional(),
        storage_capacity: z.string().optional(),
        provisioner_type: z.string().optional(),
        provisioner_config: z.string().optional(),
        post_provision_script: z.string().optional(),
      })
      .meta({ id: 'ContractWithSpecs' }),
  ),
  refusals: ['NOT_OWNER', 'POOL_NOT_FOUND', 'AGENT_INSTANCE_HELD'],
});

export const lockContract = endpoint({
  method: 'POST',
  path: '/api/v1/providers/{pubkey}/contracts/{contract_id}/lock',
  subject: 'req.agents.v1.lock-contract',
  auth: 'agent',
  permission: 'provision',
  summary: 'Take a contract in hand for five minutes; again to go on',
  tags,
  params: contractOfProvider,
  // Not the usual envelope: a lock that another agent holds is told by data and error together.
  form: 'plain',
  answer: z
    .object({
      success: z.literal(true),
      data: z.object({ acquired: z.boolean(), expiresAtNs: int64() }).meta({ id: 'LockResponse' }),
      error: z.string().optional(),
    })
    .meta({ id: 'LockAnswer' }),
  refusals: ['NOT_OWNER', 'CONTRACT_NOT_FOUND', 'TRANSITION_NOT_ALLOWED', 'AGENT_INSTANCE_HELD'],
});

export const unlockContract = endpoint({
  method: 'DELETE',
  path: '/api/v1/providers/{pubkey}/contracts/{contract_id}/lock',
  subject: 'req.agents.v1.unlock-contract',
  auth: 'agent',
  permission: 'provision',
  summary: 'Give a contract out of hand',
  tags,
  params: contractOfProvider,
  answer: z.boolean(),
  refusals: ['NOT_OWNER', 'CONTRACT_NOT_FOUND', 'TRANSITION_NOT_ALLOWED', 'AGENT_INSTANCE_HELD'],
});

export const reportProvisioning = endpoint({
  method: 'PUT',
  path: '/api/v1/provider/rental-requests/{id}/provisioning',
  subject: 'req.agents.v1.report-provisioning',
  auth: 'provider-or-agent',
  permission: 'provision',
  summary: 'Say how far the machine of a contract is: provisioning, provisioned or provisioning_failed',
  tags,
  params: contractParams,
  body: z
    .object({
      status: text(64),
      instanceDetails: optionalIn(text(65_536)).meta({
        description: 'The machine as JSON text, or why it could not be made.',
      }),
    })
    .meta({ id: 'ProvisioningStatusRequest', examples: [{ status: 'provisioning' }] }),
  answer: z.string(),
  refusals: [
    'OWN_CONTRACT',
    'CONTRACT_NOT_FOUND',
    'TRANSITION_NOT_ALLOWED',
    'KEY_UNACCEPTABLE',
    'AGENT_INSTANCE_HELD',
  ],
});

export const reportTerminated = endpoint({
  method: 'PUT',
  path: '/api/v1/providers/{pubkey}/contracts/{contract_id}/terminated',
  subject: 'req.agents.v1.report-terminated',
  auth: 'agent',
  permission: 'provision',
  summary: 'Say that a machine that was to go is gone',
  tags,
  params: contractOfProvider,
  answer: z.boolean(),
  refusals: ['NOT_OWNER', 'CONTRACT_NOT_FOUND', 'TRANSITION_NOT_ALLOWED', 'AGENT_INSTANCE_HELD'],
});
