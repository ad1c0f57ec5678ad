import { z } from 'zod';
import { request } from '../wire/endpoint.ts';
import { holdingsOfKey } from '../wire/holdings-of-key.ts';
import { publicKeyHex } from '../wire/schema.ts';
import { AGENT_PERMISSIONS } from '../words/agents.ts';

export const holdingsOfKeyInAgents = request({
  subject: 'req.agents.v1.holdings-of-key',
  ...holdingsOfKey,
});

/** For whom does this agent key act? Asked by the gateway about a request that the key has signed. */
export const resolveDelegation = request({
  subject: 'req.agents.v1.resolve-delegation',
  askedBy: ['gateway'],
  body: z.object({
    agentPublicKey: publicKeyHex(),
    /** The provider in the path of that request, if there is one: a key that was only named at setup joins them by it. */
    namedProvider: publicKeyHex().optional(),
  }),
  answer: z.object({
    active: z.boolean(),
    providerPublicKey: publicKeyHex().optional(),
    poolId: z.string().optional(),
    permissions: z.array(z.enum(AGENT_PERMISSIONS)),
  }),
});

/** Which of these providers' pools have an agent online: decides what is for rent. */
export const poolsOnline = request({
  subject: 'req.agents.v1.pools-online',
  askedBy: ['offerings'],
  body: z.object({ providerPublicKeys: z.array(publicKeyHex()).max(200) }),
  answer: z.object({
    pools: z.array(
      z.object({
        providerPublicKey: publicKeyHex(),
        poolId: z.string(),
        poolName: z.string(),
        location: z.string(),
        /** Absent: a platform of before this was told. */
        provisionerType: z.string().optional(),
        online: z.boolean(),
      }),
    ),
  }),
});
