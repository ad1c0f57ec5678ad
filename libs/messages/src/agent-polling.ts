import { z } from 'zod';
import { TERMINATE_REASONS } from './agents/words.ts';
import { CONTRACT_STATUSES } from './contracts/words.ts';
import { endpoint } from './endpoint.ts';
import { contractIdHex, int64, optionalIn, publicKeyHex, relayedWord, word } from './schema.ts';
import { text } from './text.ts';

/*
 * Agents that poll over HTTP, as they were shipped. They are answered by the same coordinator as the agents that are
 * connected to the broker.
 */

const tags = ['agents that poll'];
const providerParams = z.object({ pubkey: publicKeyHex() });
const contractOfProvider = z.object({ pubkey: publicKeyHex(), contract_id: contractIdHex() });
const contractParams = z.object({ id: contractIdHex() });

const name = () => optionalIn(text(255));
const size = () => optionalIn(int64(0n));
const storagePool = z
  .looseObject({ name: name(), totalGb: size(), availableGb: size(), storageType: name() })
  .meta({ id: 'StoragePoolInfo' });
const gpuDevice = z
  .looseObject({ pciId: name(), name: name(), vendor: name(), memoryMb: size() })
  .meta({ id: 'GpuDeviceInfo' });
const template = z.looseObject({ vmid: size(), name: name() }).meta({ id: 'TemplateInfo' });

export const sendHeartbeat = endpoint({
  method: 'POST',
  path: '/api/v1/providers/{pubkey}/heartbeat',
  subject: 'req.agents.v1.send-heartbeat',
  auth: 'agent',
  permission: 'heartbeat',
  summary: 'Show that an agent that polls is alive',
  tags,
  params: providerParams,
  body: z
    .object({
      version: optionalIn(text(64)),
      provisionerType: optionalIn(text(64)),
      capabilities: optionalIn(z.array(text(64)).max(50)),
      activeContracts: int64(0n, 2_147_483_647n),
      bandwidthStats: optionalIn(
        z
          .array(
            z
              .object({
                gatewaySlug: text(64),
                contractId: text(128),
                bytesIn: int64(0n),
                bytesOut: int64(0n),
              })
              .meta({ id: 'VmBandwidthReport' }),
          )
          .max(5_000),
      ),
      resources: optionalIn(
        z
          .looseObject({
            cpuModel: name(),
            cpuCores: size(),
            cpuThreads: size(),
            cpuMhz: size(),
            memoryTotalMb: size(),
            memoryAvailableMb: size(),
            storagePools: optionalIn(z.array(storagePool).max(1_000)),
            gpuDevices: optionalIn(z.array(gpuDevice).max(1_000)),
            templates: optionalIn(z.array(template).max(5_000)),
          })
          .meta({ id: 'ResourceInventory' }),
      ),
    })
    .meta({
      id: 'HeartbeatRequest',
      examples: [{ version: '0.6.0', provisionerType: 'proxmox', activeContracts: 1 }],
    }),
  answer: z
    .object({
      acknowledged: z.boolean(),
      nextHeartbeatSeconds: int64(),
      poolId: z.string().optional(),
      poolName: z.string().optional(),
      upgradeToVersion: z.string().optional(),
    })
    .meta({ id: 'HeartbeatResponse' }),
  refusals: ['NOT_OWNER', 'AGENT_INSTANCE_HELD'],
});

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

const reconciled = { externalId: z.string(), contractId: z.string() };

export const reconcileMachines = endpoint({
  method: 'POST',
  path: '/api/v1/providers/{pubkey}/reconcile',
  subject: 'req.agents.v1.reconcile-machines',
  auth: 'agent',
  permission: 'fetch_contracts',
  summary: 'What is to become of the machines that an agent sees running',
  tags,
  params: providerParams,
  body: z
    .object({
      runningInstances: z
        .array(
          z
            .object({ externalId: text(256), contractId: optionalIn(text(256)) })
            .meta({ id: 'ReconcileRunningInstance' }),
        )
        .max(5_000),
    })
    .meta({ id: 'ReconcileRequest', examples: [{ runningInstances: [{ externalId: 'vm-100' }] }] }),
  answer: z
    .object({
      keep: z.array(z.object({ ...reconciled, endsAt: int64() }).meta({ id: 'ReconcileKeepInstance' })),
      terminate: z.array(
        z
          .object({ ...reconciled, reason: word(TERMINATE_REASONS) })
          .meta({ id: 'ReconcileTerminateInstance' }),
      ),
      unknown: z.array(
        z.object({ externalId: z.string(), message: z.string() }).meta({ id: 'ReconcileUnknownInstance' }),
      ),
      pause: z.array(z.object({ ...reconciled, reason: z.string() }).meta({ id: 'ReconcilePauseInstance' })),
    })
    .meta({ id: 'ReconcileResponse' }),
  refusals: ['NOT_OWNER', 'SERVICE_UNAVAILABLE', 'AGENT_INSTANCE_HELD'],
});

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
