import { z } from 'zod';
import { endpoint } from '../../wire/endpoint.ts';
import { contractIdHex, int32, int64, optionalIn, word } from '../../wire/schema.ts';
import { text } from '../../wire/text.ts';
import { HEALTH_STATUSES } from '../../words/agents.ts';

/* How well a rented machine is, as its agent sees it. */

const params = z.object({ id: contractIdHex() });

const healthCheck = z
  .object({
    id: int64(),
    contractId: z.string(),
    checkedAt: int64(),
    status: word(HEALTH_STATUSES),
    latencyMs: int32().optional(),
    details: z.string().optional(),
    createdAt: int64(),
  })
  .meta({ id: 'ContractHealthCheck' });

export const recordHealth = endpoint({
  method: 'POST',
  path: '/api/v1/contracts/{id}/health',
  // Where shipped agents send it.
  aliases: ['/api/v1/provider/contracts/{id}/health'],
  subject: 'req.agents.v1.record-health',
  auth: 'agent',
  permission: 'health_check',
  summary: 'Note what an agent saw when it looked at a machine',
  tags: ['agents that poll'],
  params,
  body: z
    .object({
      checkedAt: int64(0n),
      status: z.enum(HEALTH_STATUSES),
      latencyMs: optionalIn(int32(0)),
      details: optionalIn(text(4_096)),
    })
    .meta({
      id: 'RecordHealthCheckRequest',
      examples: [{ checkedAt: 1795415157245000000, status: 'healthy', latencyMs: 12 }],
    }),
  answer: healthCheck,
  refusals: ['CONTRACT_NOT_FOUND', 'TRANSITION_NOT_ALLOWED'],
});

export const listHealthChecks = endpoint({
  method: 'GET',
  path: '/api/v1/contracts/{id}/health',
  subject: 'req.agents.v1.list-health-checks',
  auth: 'signed',
  summary: 'The last 20 looks at a machine, newest first; for tenant and provider',
  tags: ['contracts'],
  params,
  answer: z.array(healthCheck),
  refusals: ['CONTRACT_NOT_FOUND', 'OWN_CONTRACT'],
});

export const getHealthSummary = endpoint({
  method: 'GET',
  path: '/api/v1/contracts/{id}/health-summary',
  subject: 'req.agents.v1.get-health-summary',
  auth: 'signed',
  summary: 'How often a machine was well, over all of its life; for tenant and provider',
  tags: ['contracts'],
  params,
  answer: z
    .object({
      totalChecks: int64(),
      healthyChecks: int64(),
      unhealthyChecks: int64(),
      unknownChecks: int64(),
      /** 0 without checks. */
      uptimePercent: z.number(),
      avgLatencyMs: z.number().optional(),
      lastCheckedAt: int64().optional(),
    })
    .meta({ id: 'ContractHealthSummary' }),
  refusals: ['CONTRACT_NOT_FOUND', 'OWN_CONTRACT'],
});
