import { z } from 'zod';
import { endpoint } from '../../wire/endpoint.ts';
import { int32, int64, optionalIn, pageQuery, publicKeyHex } from '../../wire/schema.ts';
import { text } from '../../wire/text.ts';
import { poolParams, poolsPath, tags } from '../parts.ts';

const hash = () => z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be 64 hex characters' });

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

export const setUpAgent = endpoint({
  method: 'POST',
  path: '/api/v1/agents/setup',
  subject: 'req.agents.v1.set-up-agent',
  auth: 'optional',
  rateTier: 'strict',
  wrongGuess: 'SETUP_TOKEN_INVALID',
  summary: 'Join a pool with a setup token; unsigned, the agent acts from its first signed request on',
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
  refusals: ['SETUP_TOKEN_INVALID', 'KEY_TAKEN', 'KEY_UNACCEPTABLE', 'NOT_OWNER'],
});

/** A process that wants to act as the agent: there is one at a time. */
const agentInstance = z
  .object({
    /** New with every start. */
    instanceId: z.uuid(),
    /** Name of the host, for people. */
    host: text(255),
    /** Names the folder of its data on its host: a copy of it is another place. At most one process works in a place. */
    place: hash(),
    /** Names the start of that host. */
    boot: hash(),
  })
  .meta({ id: 'AgentInstance' });

export const openAgentSession = endpoint({
  method: 'POST',
  path: '/api/v1/agents/session',
  subject: 'req.agents.v1.open-agent-session',
  auth: 'agent',
  permission: 'provision',
  summary: 'Get what an agent needs to connect to the bus',
  tags,
  body: z
    .object({
      instance: optionalIn(agentInstance),
      visit: optionalIn(z.boolean()).meta({
        description: 'For a short look beside the agent: nothing can be reported or fetched with it.',
      }),
    })
    .meta({ id: 'AgentSessionRequest' }),
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
  refusals: ['DELEGATION_MISSING', 'AGENT_INSTANCE_HELD'],
});
