import { type Clock, Refusal, uuidV7 } from '@decent-cloud/kernel';
import { type Logger, tracer, withRequestId } from '@decent-cloud/runtime';
import { type Context, context, propagation, trace } from '@opentelemetry/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RateDecision, RateLimiter } from '../limits/rate-limiter.ts';
import { addressBlock, tierOf } from '../limits/rate-limiter.ts';
import type { CorsRules } from './cors.ts';
import { drainBody } from './drain-body.ts';
import type { GatewayMetrics } from './http-metrics.ts';
import { HttpProblem } from './problem.ts';
import { checkRequest, readRequestId } from './request-checks.ts';
import type { RouteTable } from './route-table.ts';

declare module 'fastify' {
  interface FastifyRequest {
    traceContext?: Context;
  }
}

export interface HookParts {
  readonly cors: CorsRules;
  readonly routes: RouteTable;
  readonly limiter: RateLimiter;
  /** Else only wrong guesses are. */
  readonly countsRequests: boolean;
  readonly metrics: GatewayMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly isHttps: boolean;
}

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
};
const BODY_TOO_LARGE = 413;
const GUESSES = 'guesses';
const AGENT_AUTH = new Set(['agent', 'provider-or-agent']);

/** What happens around every request, found or not: ids, headers, CORS, limits, log and metrics. */
export class HttpHooks {
  private readonly access: Logger;

  constructor(private readonly parts: HookParts) {
    // These lines name what they say: there is nothing to be looked through for secrets.
    this.access = parts.logger.child({}, { redact: [] });
  }

  readonly requestId = (request: { headers: Record<string, string | string[] | undefined> }): string =>
    readRequestId(request.headers['x-request-id']) ?? uuidV7(this.parts.clock());

  register(app: FastifyInstance): void {
    app.addHook('onRequest', async (request, reply) => this.begin(request, reply));
    app.addHook('onSend', async (request, reply) => {
      if (reply.statusCode === BODY_TOO_LARGE) await drainBody(request.raw);
    });
    app.addHook('onResponse', async (request, reply) => this.end(request, reply));
  }

  /** Headers that every answer has, those before routing included. */
  writeHeaders(request: FastifyRequest, reply: FastifyReply): void {
    reply.header('x-request-id', request.id);
    reply.headers(SECURITY_HEADERS);
    if (this.parts.isHttps) reply.header('strict-transport-security', 'max-age=31536000');
  }

  /** Runs the work of a request: log lines and bus messages carry its ids. */
  readonly inScope = <T>(request: FastifyRequest, work: () => Promise<T>): Promise<T> =>
    context.with(request.traceContext ?? context.active(), () => withRequestId(request.id, work));

  /** Agents are counted by their key, which must have signed; whoever fails to is counted by address. */
  countAgent(publicKey: string, request: FastifyRequest): void {
    this.count(`agent ${publicKey}`, request);
  }

  countFailure(request: FastifyRequest): void {
    if (!this.isCountedLater(request)) return;
    const tier = tierOf(request.routeOptions.config.declaration, request.method);
    if (tier && this.parts.countsRequests) this.parts.limiter.count(failuresOf(request), tier);
  }

  countGuess(request: FastifyRequest): void {
    this.parts.limiter.count(guessesOf(request), GUESSES);
  }

  private async begin(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { cors, routes } = this.parts;
    request.traceContext = startTrace(request);
    this.writeHeaders(request, reply);
    const decision = cors.decide({
      method: request.method,
      origin: request.headers.origin,
      requestMethod: request.headers['access-control-request-method'],
      requestHeaders: request.headers['access-control-request-headers'],
    });
    if (decision.kind === 'refuse') throw new Refusal('FORBIDDEN', 'ORIGIN_NOT_ALLOWED', decision.text);
    reply.headers(decision.headers);
    if (decision.kind === 'preflight') return reply.code(204).send();
    this.limit(request);
    checkRequest(request.raw);
    // The router takes nothing for a parameter: `/offerings/` would be the offering without an id.
    if (request.is404 || hasEmptySegment(pathOf(request))) {
      const methods = routes.methodsOf(pathOf(request));
      if (methods.length === 0) throw new HttpProblem(404, 'UNKNOWN_ENDPOINT', 'not found');
      const allow = methods.join(', ');
      if (request.method === 'OPTIONS') return reply.code(204).header('allow', allow).send();
      throw new HttpProblem(405, 'UNKNOWN_ENDPOINT', 'method not allowed', { allow });
    }
    return undefined;
  }

  private limit(request: FastifyRequest): void {
    const { limiter, countsRequests } = this.parts;
    const { declaration } = request.routeOptions.config;
    if (declaration?.wrongGuess !== undefined) this.check(limiter.peek(guessesOf(request), GUESSES));
    if (!countsRequests) return;
    const tier = tierOf(declaration, request.method);
    if (!tier || request.routeOptions.url === '/') return;
    if (this.isCountedLater(request)) this.check(limiter.peek(failuresOf(request), tier));
    else this.count(`ip ${addressBlock(request.ip)}`, request);
  }

  private isCountedLater(request: FastifyRequest): boolean {
    const auth = request.routeOptions.config.declaration?.auth;
    return auth !== undefined && AGENT_AUTH.has(auth) && request.headers['x-agent-pubkey'] !== undefined;
  }

  private count(caller: string, request: FastifyRequest): void {
    const tier = tierOf(request.routeOptions.config.declaration, request.method);
    const { limiter, countsRequests } = this.parts;
    if (tier && countsRequests) this.check(limiter.count(caller, tier));
  }

  private check(decision: RateDecision): void {
    if (decision.allowed) return;
    this.parts.metrics.rateLimited.inc({ tier: decision.tier });
    throw new HttpProblem(429, 'RATE_LIMITED', 'Rate limit exceeded. Please try again later.', {
      'retry-after': String(decision.retryAfterSeconds),
      'x-ratelimit-tier': decision.tier,
    });
  }

  private end(request: FastifyRequest, reply: FastifyReply): void {
    const { metrics } = this.parts;
    const route = request.routeOptions.config.declaration?.path ?? request.routeOptions.url ?? 'unknown';
    const { method, caller } = request;
    const status = reply.statusCode;
    metrics.requestSeconds.observe({ route, method, status: String(status) }, reply.elapsedTime / 1_000);
    const key = caller && 'publicKey' in caller ? caller.publicKey : undefined;
    // Never headers or the query: signatures, tickets and tokens are there.
    const line = { requestId: request.id, method, route, status, ip: request.ip, key };
    const traceId = request.traceContext && trace.getSpanContext(request.traceContext)?.traceId;
    this.access.info({ ...line, traceId, ms: Math.round(reply.elapsedTime * 10) / 10 }, 'request');
  }
}

const guessesOf = (request: FastifyRequest): string => `guesses ${addressBlock(request.ip)}`;
const failuresOf = (request: FastifyRequest): string => `failures ${addressBlock(request.ip)}`;

const hasEmptySegment = (path: string): boolean => path !== '/' && /\/(\/|$)/.test(path);

function pathOf(request: FastifyRequest): string {
  return (request.raw.url ?? '/').split('?')[0] ?? '/';
}

function startTrace(request: FastifyRequest): Context {
  const incoming = propagation.extract(context.active(), request.headers);
  const span = tracer().startSpan('http request', {}, incoming);
  return trace.setSpan(incoming, span);
}
