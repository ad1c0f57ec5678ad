import { REGION_WORDS } from '@decent-cloud/kernel';
import { z } from 'zod';
import { endpoint } from '../../wire/endpoint.ts';
import { provisionerType } from '../../wire/provisioner-type.ts';
import { int64, optionalIn, pageQuery } from '../../wire/schema.ts';
import { text } from '../../wire/text.ts';
import { poolParams, poolsPath, providerParams, tags } from '../parts.ts';

export const poolLocation = () =>
  z.enum(REGION_WORDS, {
    error: ({ input }) =>
      `Invalid location '${String(input).slice(0, 64)}': must be one of: ${REGION_WORDS.join(', ')}`,
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

export const createPool = endpoint({
  method: 'POST',
  path: poolsPath,
  subject: 'req.agents.v1.create-pool',
  auth: 'self',
  idempotent: true,
  summary: 'Make a pool of agents at one location',
  tags,
  params: providerParams,
  body: z.object({ name: text(128), location: poolLocation(), provisionerType: provisionerType() }).meta({
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
      provisionerType: optionalIn(provisionerType()),
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
