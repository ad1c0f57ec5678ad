import { z } from 'zod';
import { endpoint } from '../../wire/endpoint.ts';
import { int64 } from '../../wire/schema.ts';
import { text } from '../../wire/text.ts';
import { PLATFORM_STATUSES } from '../../words/gateway.ts';

const tags = ['platform'];

export const getHealth = endpoint({
  method: 'GET',
  path: '/api/v1/health',
  subject: 'req.gateway.v1.get-health',
  auth: 'public',
  rateTier: 'none',
  local: true,
  form: 'plain',
  summary: 'Does the gateway answer?',
  tags,
  answer: z.object({ success: z.boolean(), message: z.string(), environment: z.string() }).meta({
    id: 'HealthResponse',
    examples: [{ success: true, message: 'Decent Cloud API is running', environment: 'dev' }],
  }),
});

export const getStatus = endpoint({
  method: 'GET',
  path: '/api/v1/status',
  subject: 'req.gateway.v1.get-status',
  auth: 'public',
  local: true,
  summary: 'Which parts of the platform work, and how many offerings can be rented',
  tags,
  answer: z
    .object({
      status: z.enum(PLATFORM_STATUSES),
      version: z.string(),
      services: z.array(
        z.object({
          name: z.string(),
          up: z.boolean(),
          latencyMs: z.number().optional(),
          version: z.string().optional(),
          /** Which of its checks fail: `database`, `bus`, `streams` (they take no messages), `clock`. */
          failing: z.array(z.string()).optional(),
        }),
      ),
      /** Absent while offerings do not answer. */
      offeringsForRent: z.int().optional(),
    })
    .meta({
      id: 'PlatformStatus',
      examples: [
        {
          status: 'ok',
          version: '0.1.0',
          services: [{ name: 'contracts', up: true, latencyMs: 1.4, version: '0.1.0' }],
          offeringsForRent: 12,
        },
      ],
    }),
});

export const openEvents = endpoint({
  method: 'GET',
  path: '/api/v1/events',
  subject: 'req.gateway.v1.open-events',
  auth: 'signed',
  local: true,
  form: 'text/event-stream',
  summary: 'Live changes of what is one’s own; signed by headers, by query or with a ticket',
  tags,
  query: z.object({
    ticket: text(128).optional().meta({ description: 'From POST /events/ticket; instead of a signature.' }),
    pubkey: text(64).optional().meta({ description: 'The signature headers as query, for EventSource.' }),
    signature: text(128).optional(),
    timestamp: text(20).optional(),
    nonce: text(64).optional(),
    last_event_id: text(128)
      .optional()
      .meta({ description: 'Where the header Last-Event-ID cannot be set.' }),
  }),
  answer: z.string().meta({ examples: ['id: 42\nevent: contract-status\ndata: {"status":"active"}\n\n'] }),
});

export const createEventTicket = endpoint({
  method: 'POST',
  path: '/api/v1/events/ticket',
  subject: 'req.gateway.v1.create-event-ticket',
  auth: 'signed',
  local: true,
  summary: 'A short-lived ticket that opens the live stream once',
  tags,
  answer: z.object({ ticket: z.string(), expiresAtNs: int64() }).meta({ id: 'EventTicket' }),
});

export const getOpenapi = endpoint({
  method: 'GET',
  path: '/api/v1/openapi',
  subject: 'req.gateway.v1.get-openapi',
  auth: 'public',
  rateTier: 'none',
  local: true,
  form: 'plain',
  summary: 'This description as OpenAPI 3.1',
  tags,
  answer: z.record(z.string(), z.unknown()),
});

export const getSwagger = endpoint({
  method: 'GET',
  path: '/api/v1/swagger',
  subject: 'req.gateway.v1.get-swagger',
  auth: 'public',
  rateTier: 'none',
  local: true,
  form: 'text/html',
  summary: 'This description as a page to read',
  tags,
  answer: z.string(),
});
