import { REASONS, type Reason } from '@decent-cloud/kernel';
import type { EndpointDeclaration, Schema } from '@decent-cloud/messages/wire';
import { reason } from '@decent-cloud/messages/wire';
import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import { statusOfReason } from './refusal-status.ts';
import { renderSchema } from './render-schema.ts';

export type OpenapiDocument = ReturnType<typeof createDocument>;

const INTRODUCTION = `Answers are \`{"success":true,"data":…}\`; refusals carry a real status and
\`{"success":false,"error":…,"code":…,"requestId":…}\`, where \`code\` never changes its meaning.
Integers may exceed 2^53: read them exactly. Requests are signed (Ed25519ph, context \`decent-cloud\`).
Lists of words in answers may grow: take a word that you do not know as it is.
Lists end after \`limit\` items: ask on with \`cursor\` = id of the last item (its member \`cursor\`, where it has one), or with \`offset\`.
POST and PUT that say so take an \`Idempotency-Key\`: the same key gives the same answer, once.`;

const TITLES: Record<number, string> = {
  400: 'The request, its signature headers or a value is malformed',
  401: 'The signature is missing or does not hold',
  403: 'Not allowed for this caller',
  404: 'Not there, or not visible to the caller',
  409: 'Does not fit the present state',
  413: 'The body is too large',
  415: 'The content type is not supported',
  422: 'Understood, but cannot be done',
  429: 'Too many requests: wait for Retry-After',
  500: 'Part of the platform failed or does not answer',
  503: 'Part of the platform does not answer',
};

const errorEnvelope = z
  .object({
    success: z.literal(false),
    error: z.string(),
    code: reason(),
    requestId: z.string(),
  })
  .meta({
    id: 'ErrorEnvelope',
    examples: [
      {
        success: false,
        error: 'Choose another offering or try again later.',
        code: 'OUT_OF_STOCK',
        requestId: '0190a5b0-7c1d-7e3a-8f00-000000000001',
      },
    ],
  });

/** For clients that do not know the envelope. */
const bareError = z.object({ error: z.string() }).meta({ id: 'BareError' });

const asZod = (schema: Schema): z.ZodType => schema as unknown as z.ZodType;

function statusesOf(endpoint: EndpointDeclaration): number[] {
  const statuses = new Set((endpoint.refusals ?? []).map(statusOfReason));
  if (endpoint.params || endpoint.query || endpoint.body) statuses.add(400);
  if (endpoint.body) for (const status of [413, 415]) statuses.add(status);
  if (endpoint.auth !== 'public') statuses.add(401);
  if (!['public', 'optional', 'signed'].includes(endpoint.auth)) statuses.add(403);
  if (endpoint.rateTier !== 'none') statuses.add(429);
  if (!endpoint.local) statuses.add(endpoint.bareRefusals?.UNAVAILABLE ?? 503);
  return [...statuses].sort((a, b) => a - b);
}

function responsesOf(endpoint: EndpointDeclaration): ZodOpenApiResponsesObject {
  const answer = asZod(endpoint.answer);
  const form = endpoint.form ?? 'envelope';
  const withoutData = answer._zod.def.type === 'undefined';
  const envelope = z.object({ success: z.literal(true), ...(withoutData ? {} : { data: answer }) });
  const responses: ZodOpenApiResponsesObject = {
    '200': {
      description: 'Done',
      content:
        form === 'envelope' || form === 'plain'
          ? { 'application/json': { schema: form === 'plain' ? answer : envelope } }
          : { [form]: { schema: answer } },
    },
  };
  for (const status of statusesOf(endpoint)) {
    const reasons = (endpoint.refusals ?? []).filter((reason) => statusOfReason(reason) === status);
    const named = reasons.length > 0 ? `: ${reasons.join(', ')}` : '';
    responses[`${status}` as '400'] = {
      description: `${TITLES[status] ?? 'Refused'}${named}`,
      content: { 'application/json': { schema: endpoint.bareRefusals ? bareError : errorEnvelope } },
    };
  }
  return responses;
}

const CALLERS: Record<EndpointDeclaration['auth'], string> = {
  public: 'Anybody.',
  optional: 'Anybody; signed, one sees more.',
  signed: 'Any valid signature; the service decides what belongs to whom.',
  self: 'The key in the path, or another active key of its account.',
  agent: 'An agent with a delegation.',
  'provider-or-agent': 'The provider or an agent with a delegation.',
  admin: 'Administrators.',
};

function securityOf(auth: EndpointDeclaration['auth']): Record<string, string[]>[] {
  const signature = { 'X-Signature': [], 'X-Timestamp': [], 'X-Nonce': [] };
  const user = { 'X-Public-Key': [], ...signature };
  const agent = { 'X-Agent-Pubkey': [], ...signature };
  if (auth === 'public') return [];
  if (auth === 'optional') return [{}, user];
  if (auth === 'agent') return [agent];
  return auth === 'provider-or-agent' ? [user, agent] : [user];
}

const headerKey = (name: string, description: string) =>
  ({ type: 'apiKey', in: 'header', name, description }) as const;

const securitySchemes = {
  'X-Public-Key': headerKey('X-Public-Key', 'Ed25519 key of the caller, 64 hex'),
  'X-Agent-Pubkey': headerKey('X-Agent-Pubkey', 'Ed25519 key of a delegated agent, 64 hex'),
  'X-Signature': headerKey('X-Signature', 'Ed25519ph signature, 128 hex'),
  'X-Timestamp': headerKey('X-Timestamp', 'Unix nanoseconds, at most 5 minutes off'),
  'X-Nonce': headerKey('X-Nonce', 'A fresh UUID for every request'),
};

function operationOf(name: string, endpoint: EndpointDeclaration): ZodOpenApiOperationObject {
  const headers = {
    ...(endpoint.headers && (asZod(endpoint.headers) as z.ZodObject).shape),
    ...(endpoint.idempotent && { 'Idempotency-Key': z.string().max(255).optional() }),
  };
  const requestParams = {
    ...(endpoint.params && { path: asZod(endpoint.params) as z.ZodObject }),
    ...(endpoint.query && { query: asZod(endpoint.query) as z.ZodObject }),
    ...(Object.keys(headers).length > 0 && { header: z.object(headers) }),
  };
  const mediaType = { json: 'application/json', text: 'text/plain', raw: 'application/octet-stream' }[
    endpoint.bodyType ?? 'json'
  ];
  return {
    operationId: name,
    summary: endpoint.summary,
    description: `Callers: ${CALLERS[endpoint.auth]}${endpoint.permission ? ` Permission: ${endpoint.permission}.` : ''}`,
    tags: [...endpoint.tags],
    security: securityOf(endpoint.auth),
    ...(Object.keys(requestParams).length > 0 && { requestParams }),
    ...(endpoint.body && {
      requestBody: { required: true, content: { [mediaType]: { schema: asZod(endpoint.body) } } },
    }),
    responses: responsesOf(endpoint),
    ...(endpoint.refusals && {
      'x-refusals': endpoint.refusals.map((code: Reason) => ({
        code,
        status: statusOfReason(code),
        advice: REASONS[code],
      })),
    }),
  };
}

/** OpenAPI 3.1 of the given endpoints, by their const names. Aliases are not listed. */
export function openapiDocument(
  endpoints: Readonly<Record<string, EndpointDeclaration>>,
  options: { readonly version: string; readonly serverUrl: string },
): OpenapiDocument {
  const paths: ZodOpenApiPathsObject = {};
  for (const [name, endpoint] of Object.entries(endpoints)) {
    paths[endpoint.path] = {
      ...paths[endpoint.path],
      [endpoint.method.toLowerCase()]: operationOf(name, endpoint),
    };
  }
  const tags = [...new Set(Object.values(endpoints).flatMap((endpoint) => endpoint.tags))];
  return createDocument(
    {
      openapi: '3.1.0',
      info: { title: 'Decent Cloud API', version: options.version, description: INTRODUCTION },
      servers: [{ url: options.serverUrl }],
      tags: tags.map((name) => ({ name })),
      paths,
      components: { securitySchemes },
    },
    { override: renderSchema },
  );
}
