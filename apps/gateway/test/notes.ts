import { type EndpointDeclaration, endpoint } from '@decent-cloud/messages';
import * as platform from '@decent-cloud/messages/gateway';
import { int64 } from '@decent-cloud/messages/wire';
import { z } from 'zod';

const pubkeyParams = z.object({ pubkey: z.string() });
const note = z.object({ text: z.string(), amount: int64().optional() });
const declare = (
  method: EndpointDeclaration['method'],
  path: string,
  verb: string,
  more: Partial<EndpointDeclaration> & Pick<EndpointDeclaration, 'auth'>,
): EndpointDeclaration =>
  endpoint({
    method,
    path: `/api/v1${path}`,
    subject: `req.contracts.v1.${verb}`,
    summary: verb,
    tags: ['notes'],
    answer: z.unknown(),
    ...more,
  });

/** One endpoint of every kind, owned by a service that the specs play. */
export const notes = {
  open: declare('GET', '/notes', 'open', {
    auth: 'public',
    query: z.object({ q: z.string().optional() }),
    aliases: ['/api/v1/old-notes'],
  }),
  create: declare('POST', '/notes', 'create', { auth: 'signed', body: note, idempotent: true }),
  get: declare('GET', '/notes/{name}', 'get', { auth: 'optional', params: z.object({ name: z.string() }) }),
  me: declare('GET', '/notes/me', 'me', { auth: 'signed', query: z.object({ q: z.string().optional() }) }),
  remove: declare('DELETE', '/notes/{name}', 'remove', {
    auth: 'signed',
    params: z.object({ name: z.string() }),
    body: z.object({ confirm: z.string() }).optional(),
    answer: z.undefined(),
  }),
  own: declare('GET', '/users/{pubkey}/notes', 'own', { auth: 'self', params: pubkeyParams }),
  beat: declare('POST', '/agents/beat', 'beat', {
    auth: 'agent',
    permission: 'heartbeat',
    body: z.object({}).optional(),
  }),
  ownBeat: declare('POST', '/providers/{pubkey}/beat', 'own-beat', {
    auth: 'agent',
    permission: 'heartbeat',
    params: pubkeyParams,
    body: z.object({}).optional(),
  }),
  shared: declare('PUT', '/shared', 'shared', {
    auth: 'provider-or-agent',
    body: z.object({}).optional(),
  }),
  admin: declare('GET', '/admin/notes', 'admin', { auth: 'admin' }),
  csv: declare('GET', '/notes.csv', 'csv', { auth: 'public', form: 'text/csv', answer: z.string() }),
  plain: declare('GET', '/plain', 'plain', { auth: 'public', form: 'plain' }),
  hook: declare('POST', '/hook', 'hook', {
    auth: 'public',
    form: 'plain',
    headers: z.object({ 'x-api-user': z.string().optional(), 'x-api-key': z.string().optional() }),
    body: z.unknown(),
    rateTier: 'relaxed',
    wrongGuess: 'API_KEY_INVALID',
    bareRefusals: { UNAVAILABLE: 500, PRECONDITION: 500 },
  }),
  importText: declare('POST', '/import', 'import', {
    auth: 'public',
    bodyType: 'text',
    body: z.string(),
    bodyLimitBytes: 2_048,
  }),
  silent: declare('GET', '/silent', 'silent', { auth: 'public', rateTier: 'none' }),
  silentWrite: declare('PUT', '/silent', 'silent-write', { auth: 'public', rateTier: 'none' }),
  silentOnce: declare('POST', '/silent', 'silent-once', {
    auth: 'public',
    rateTier: 'none',
    idempotent: true,
  }),
  doubtful: declare('POST', '/doubtful', 'doubtful', {
    auth: 'public',
    rateTier: 'none',
    idempotent: true,
    body: z.unknown(),
  }),
  broken: declare('GET', '/broken', 'broken', { auth: 'public' }),
  gone: { ...declare('GET', '/gone', 'gone', { auth: 'public' }), subject: 'req.payments.v1.gone' },
  strict: declare('POST', '/strict', 'strict', { auth: 'public', rateTier: 'strict' }),
  platformHealth: platform.getHealth,
  platformStatus: platform.getStatus,
  events: platform.openEvents,
  ticket: platform.createEventTicket,
  openapi: platform.getOpenapi,
  swagger: platform.getSwagger,
} as const;
