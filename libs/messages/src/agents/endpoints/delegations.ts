import { z } from 'zod';
import { endpoint } from '../../wire/endpoint.ts';
import { int64, pageQuery, publicKeyHex, word } from '../../wire/schema.ts';
import { text } from '../../wire/text.ts';
import { AGENT_PERMISSIONS, RIVAL_KINDS } from '../../words/agents.ts';
import { poolParams, poolsPath, providerParams, tags } from '../parts.ts';

export const agentDelegation = z
  .object({
    agentPubkey: z.string(),
    providerPubkey: z.string(),
    permissions: z.array(word(AGENT_PERMISSIONS)),
    expiresAtNs: int64().nullable(),
    label: z.string().nullable(),
    createdAtNs: int64(),
    /** Neither revoked nor expired. */
    active: z.boolean(),
    poolId: z.string().nullable(),
    online: z.boolean(),
    version: z.string().nullable(),
    lastHeartbeatNs: int64().nullable(),
    /** No machine of the agent can be larger; absent: it does not say, or has no such limit. */
    hostSize: z.object({ cpuCores: z.int(), memoryTotalMb: z.int() }).optional(),
    /** The process that acts as the agent; absent: none does, or it does not say so. */
    instance: z.object({ instanceId: z.string(), host: z.string(), beganAtNs: int64() }).optional(),
    /** Another one with the same key, seen in the last 24 hours: turned away, or two that poll. */
    rival: z
      .object({
        kind: z.enum(RIVAL_KINDS),
        host: z.string().nullable(),
        sinceNs: int64(),
        seenNs: int64(),
      })
      .optional(),
  })
  .meta({ id: 'AgentDelegation' });

const delegationParams = z.object({ pubkey: publicKeyHex(), agent_pubkey: publicKeyHex() });

export const listPoolAgents = endpoint({
  method: 'GET',
  path: `${poolsPath}/{pool_id}/agents`,
  subject: 'req.agents.v1.list-pool-agents',
  auth: 'self',
  summary: 'List the agents of a pool that are not revoked',
  tags,
  params: poolParams,
  query: z.object(pageQuery(200, 200)),
  answer: z.array(agentDelegation),
  refusals: ['POOL_NOT_FOUND'],
});

export const listDelegations = endpoint({
  method: 'GET',
  path: '/api/v1/providers/{pubkey}/agent-delegations',
  subject: 'req.agents.v1.list-delegations',
  auth: 'self',
  summary: 'List all agents that ever acted for the provider, newest first',
  tags,
  params: providerParams,
  query: z.object(pageQuery(200, 200)),
  answer: z.array(agentDelegation),
});

export const revokeDelegation = endpoint({
  method: 'DELETE',
  path: '/api/v1/providers/{pubkey}/agent-delegations/{agent_pubkey}',
  subject: 'req.agents.v1.revoke-delegation',
  auth: 'self',
  summary:
    'Stop an agent from acting for the provider. Refused while it has machines, unless they are given up: then their rentals end, or are made again by another agent where the tenant wants that',
  tags,
  params: delegationParams,
  query: z.object({
    machines: z
      .enum(['give-up'])
      .optional()
      .meta({ description: 'What becomes of its machines: nobody can reach them any more.' }),
  }),
  answer: z.boolean(),
  refusals: ['AGENT_NOT_FOUND', 'AGENT_HAS_MACHINES'],
});

export const leftoverMachine = z
  .object({
    contractId: z.string(),
    generation: z.int(),
    agentPubkey: z.string(),
    agentLabel: z.string().nullable(),
    /** As its agent named it. */
    externalId: z.string().nullable(),
    /** Since when it is to be gone. */
    absentSinceNs: int64(),
  })
  .meta({ id: 'LeftoverMachine' });

export const listLeftovers = endpoint({
  method: 'GET',
  path: '/api/v1/providers/{pubkey}/leftover-machines',
  subject: 'req.agents.v1.list-leftovers',
  auth: 'self',
  summary:
    'Machines that are to be gone and that no agent can remove any more, since it was revoked: to be cleaned up by hand, oldest first',
  tags,
  params: providerParams,
  query: z.object(pageQuery(200, 200)),
  answer: z.array(leftoverMachine),
});

export const labelDelegation = endpoint({
  method: 'PUT',
  path: '/api/v1/providers/{pubkey}/agent-delegations/{agent_pubkey}/label',
  subject: 'req.agents.v1.label-delegation',
  auth: 'self',
  summary: 'Name an agent',
  tags,
  params: delegationParams,
  body: z.object({ label: text(255) }).meta({ id: 'UpdateLabelRequest' }),
  answer: z.boolean(),
  refusals: ['AGENT_NOT_FOUND'],
});

export const getAgentStatus = endpoint({
  method: 'GET',
  path: '/api/v1/providers/{pubkey}/agent-status',
  subject: 'req.agents.v1.get-agent-status',
  auth: 'optional',
  summary: 'The agent of a provider that was seen last',
  tags,
  params: providerParams,
  answer: z
    .object({
      providerPubkey: z.string(),
      online: z.boolean(),
      lastHeartbeatNs: int64().nullable(),
      version: z.string().nullable(),
      provisionerType: z.string().nullable(),
      capabilities: z.array(z.string()).nullable(),
      activeContracts: z.int(),
      resources: z.unknown(),
    })
    .meta({ id: 'AgentStatus' }),
  refusals: ['AGENT_NOT_FOUND'],
});
