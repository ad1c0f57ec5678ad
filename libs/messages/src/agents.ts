import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { int32, int64, optionalIn, pageQuery, publicKeyHex } from './schema.ts';
import { text } from './text.ts';

const tags = ['agents'];

/** Where a pool can be. */
const LOCATIONS = ['europe', 'na', 'latam', 'apac', 'mena', 'ssa', 'cis'] as const;
export const poolLocation = () =>
  z.enum(LOCATIONS, {
    error: ({ input }) =>
      `Invalid location '${String(input).slice(0, 64)}': must be one of: ${LOCATIONS.join(', ')}`,
  });

const pool = {
  poolId: z.string(),
  providerPubkey: z.string(),
  name: z.string(),
  location: z.string(),
  provisionerType: z.string(),
  createdAtNs: int64(),
  upgradeToVersion: z.string().optional(),
};
const EXAMPLE_POOL = {
  poolId: 'berlin-53f2d31f',
  providerPubkey: '991e46e4389b08d1191a20cc2428e0730f88d6726778f5cf775af8d2245a2be1',
  name: 'Berlin',
  location: 'europe',
  provisionerType: 'proxmox',
  createdAtNs: 1795414889065332500,
};

export const agentPool = z.object(pool).meta({ id: 'AgentPool', examples: [EXAMPLE_POOL] });

export const agentPoolWithStats = z
  .object({
    ...pool,
    agentCount: z.int(),
    onlineCount: z.int(),
    activeContracts: z.int(),
    offeringsCount: z.int(),
  })
  .meta({
    id: 'AgentPoolWithStats',
    examples: [{ ...EXAMPLE_POOL, agentCount: 2, onlineCount: 1, activeContracts: 3, offeringsCount: 4 }],
  });

export const agentDelegation = z
  .object({
    agentPubkey: z.string(),
    providerPubkey: z.string(),
    permissions: z.array(z.string()),
    expiresAtNs: int64().nullable(),
    label: z.string().nullable(),
    createdAtNs: int64(),
    /** Neither revoked nor expired. */
    active: z.boolean(),
    poolId: z.string().nullable(),
    online: z.boolean(),
    version: z.string().nullable(),
    lastHeartbeatNs: int64().nullable(),
  })
  .meta({ id: 'AgentDelegation' });

export const setupToken = z
  .object({
    /** In full when it is made; lists show its beginning, which names it for deletion too. */
    token: z.string(),
    poolId: z.string(),
    label: z.string().nullable(),
    createdAtNs: int64(),
    expiresAtNs: int64(),
    usedAtNs: int64().nullable(),
    usedByAgent: z.string().nullable(),
  })
  .meta({
    id: 'SetupToken',
    examples: [
      {
        token: 'apt_europe_9e887ef4315e482b',
        poolId: 'berlin-53f2d31f',
        label: 'node 1',
        createdAtNs: 1795414889858986800,
        expiresAtNs: 1795501289858986800,
        usedAtNs: null,
        usedByAgent: null,
      },
    ],
  });

const providerParams = z.object({ pubkey: publicKeyHex() });
const poolParams = z.object({ pubkey: publicKeyHex(), pool_id: text(255) });
const delegationParams = z.object({ pubkey: publicKeyHex(), agent_pubkey: publicKeyHex() });
const poolsPath = '/api/v1/providers/{pubkey}/pools';

export const createPool = endpoint({
  method: 'POST',
  path: poolsPath,
  subject: 'req.agents.v1.create-pool',
  auth: 'self',
  idempotent: true,
  summary: 'Make a pool of agents at one location',
  tags,
  params: providerParams,
  body: z.object({ name: text(128), location: poolLocation(), provisionerType: text(64) }).meta({
    id: 'CreatePoolRequest',
    examples: [{ name: 'Berlin', location: 'europe', provisionerType: 'proxmox' }],
  }),
  answer: agentPool,
});

export const listPools = endpoint({
  method: 'GET',
  path: poolsPath,
  subject: 'req.agents.v1.list-pools',
  auth: 'self',
  summary: 'List own pools with their figures, newest first',
  tags,
  params: providerParams,
  query: z.object(pageQuery(200, 200)),
  answer: z.array(agentPoolWithStats),
});

export const getPool = endpoint({
  method: 'GET',
  path: `${poolsPath}/{pool_id}`,
  subject: 'req.agents.v1.get-pool',
  auth: 'self',
  summary: 'Show a pool with its figures',
  tags,
  params: poolParams,
  answer: agentPoolWithStats,
  refusals: ['POOL_NOT_FOUND'],
});

export const updatePool = endpoint({
  method: 'PUT',
  path: `${poolsPath}/{pool_id}`,
  subject: 'req.agents.v1.update-pool',
  auth: 'self',
  summary: 'Change the named members of a pool',
  tags,
  params: poolParams,
  body: z
    .object({
      name: optionalIn(text(128)),
      location: optionalIn(poolLocation()),
      provisionerType: optionalIn(text(64)),
    })
    .meta({ id: 'UpdatePoolRequest' }),
  answer: z.boolean(),
  refusals: ['POOL_NOT_FOUND'],
});

export const deletePool = endpoint({
  method: 'DELETE',
  path: `${poolsPath}/{pool_id}`,
  subject: 'req.agents.v1.delete-pool',
  auth: 'self',
  summary: 'Delete a pool that has no active agents',
  tags,
  params: poolParams,
  answer: z.boolean(),
  refusals: ['POOL_NOT_FOUND', 'POOL_IN_USE'],
});

export const createSetupToken = endpoint({
  method: 'POST',
  path: `${poolsPath}/{pool_id}/setup-tokens`,
  subject: 'req.agents.v1.create-setup-token',
  // Not idempotent: the kept answer would hold the token, of which only the hash may be kept.
  auth: 'self',
  summary: 'Make a token with which one agent can join the pool',
  tags,
  params: poolParams,
  body: z
    .object({
      label: optionalIn(text(255)),
      expiresInHours: optionalIn(int32(1, 8_760)).meta({ description: 'By default 24.' }),
    })
    .meta({ id: 'CreateSetupTokenRequest', examples: [{ label: 'node 1', expiresInHours: 24 }] }),
  answer: setupToken,
  refusals: ['POOL_NOT_FOUND'],
});

export const listSetupTokens = endpoint({
  method: 'GET',
  path: `${poolsPath}/{pool_id}/setup-tokens`,
  subject: 'req.agents.v1.list-setup-tokens',
  auth: 'self',
  summary: 'List tokens that are neither used nor expired, newest first',
  tags,
  params: poolParams,
  query: z.object(pageQuery(200, 200)),
  answer: z.array(setupToken),
  refusals: ['POOL_NOT_FOUND'],
});

export const deleteSetupToken = endpoint({
  method: 'DELETE',
  path: `${poolsPath}/{pool_id}/setup-tokens/{token}`,
  subject: 'req.agents.v1.delete-setup-token',
  auth: 'self',
  summary: 'Make a setup token void',
  tags,
  params: z.object({ pubkey: publicKeyHex(), pool_id: text(255), token: text(255) }),
  answer: z.boolean(),
  refusals: ['POOL_NOT_FOUND', 'SETUP_TOKEN_INVALID'],
});

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

export const setUpAgent = endpoint({
  method: 'POST',
  path: '/api/v1/agents/setup',
  subject: 'req.agents.v1.set-up-agent',
  auth: 'public',
  rateTier: 'strict',
  summary: 'Join a pool with a setup token',
  tags,
  body: z.object({ token: text(255), agentPubkey: publicKeyHex() }).meta({ id: 'AgentSetupRequest' }),
  answer: z
    .object({
      providerPubkey: z.string(),
      poolId: z.string(),
      poolName: z.string(),
      poolLocation: z.string(),
      provisionerType: z.string(),
      permissions: z.array(z.string()),
      /** Signs every command to the agent. */
      platformPublicKey: z.string().optional(),
    })
    .meta({ id: 'AgentSetupResponse' }),
  refusals: ['SETUP_TOKEN_INVALID', 'KEY_TAKEN'],
});

export const openAgentSession = endpoint({
  method: 'POST',
  path: '/api/v1/agents/session',
  subject: 'req.agents.v1.open-agent-session',
  auth: 'agent',
  permission: 'provision',
  summary: 'Get what an agent needs to connect to the bus',
  tags,
  body: z.object({}).meta({ id: 'AgentSessionRequest' }),
  answer: z
    .object({
      natsUrls: z.array(z.string()),
      websocketUrls: z.array(z.string()),
      userJwt: z.string(),
      /** Account of the agent: the second-last part of its subjects. */
      accountPublicKey: z.string(),
      apiPrefix: z.string(),
      expiresAtNs: int64(),
      platformPublicKey: z.string(),
      heartbeatSeconds: z.int(),
    })
    .meta({ id: 'AgentSessionResponse' }),
  refusals: ['DELEGATION_MISSING'],
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
  summary: 'Stop an agent from acting for the provider',
  tags,
  params: delegationParams,
  answer: z.boolean(),
  refusals: ['AGENT_NOT_FOUND'],
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
