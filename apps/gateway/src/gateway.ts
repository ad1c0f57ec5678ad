import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { type Clock, nsToMs } from '@decent-cloud/kernel';
import { buckets, type Caller, type EndpointDeclaration } from '@decent-cloud/messages';
import { Bus, type Logger, type Metrics, NestLogger, StreamWatch } from '@decent-cloud/runtime';
import type { NatsConnection } from '@nats-io/transport-node';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AllowedHosts } from './auth/allowed-hosts.ts';
import { Authenticator } from './auth/authenticator.ts';
import { Delegations } from './auth/delegations.ts';
import { KeyOwners } from './auth/key-owners.ts';
import { Nonces } from './auth/nonces.ts';
import { chooseVerifier } from './auth/verifier.ts';
import { BusWatch } from './bus/bus-watch.ts';
import { OpenConnections } from './http/close-server.ts';
import { CorsRules } from './http/cors.ts';
import { fastifyOptions } from './http/fastify-options.ts';
import { HttpHooks } from './http/http-hooks.ts';
import { GatewayMetrics } from './http/http-metrics.ts';
import { RefusalFilter } from './http/refusal-filter.ts';
import { registerEndpoints } from './http/register-endpoints.ts';
import { RouteTable } from './http/route-table.ts';
import { ServiceCaller } from './http/service-caller.ts';
import { RateExchange } from './limits/rate-exchange.ts';
import { RateLimiter, REQUESTS_PER_WINDOW } from './limits/rate-limiter.ts';
import { EventsEndpoint, ticketEndpoint } from './live/events-endpoint.ts';
import { FactReader } from './live/fact-reader.ts';
import { LiveHub } from './live/live-hub.ts';
import { Past } from './live/past.ts';
import { StreamPlaces } from './live/stream-limits.ts';
import { Tickets } from './live/tickets.ts';
import { homePage } from './platform/home-page.ts';
import { contentSecurityPolicy } from './platform/html.ts';
import { LINKED_PAGES, linkedPage } from './platform/linked-page.ts';
import { localEndpoints } from './platform/local-endpoints.ts';
import { StatusBoard } from './platform/platform-status.ts';
import { type GatewaySettings, isRateLimited, streamLimits } from './settings.ts';

export interface GatewayCore {
  readonly settings: GatewaySettings;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly connection: NatsConnection;
  readonly clock: Clock;
  /** Refuses to tell the time while it is known to be wrong: what is decided by time uses this one. */
  readonly trustedClock: Clock;
  readonly endpoints: Readonly<Record<string, EndpointDeclaration>>;
  /** Names of the checks of this process that fail. */
  readonly failingChecks: () => Promise<string[]>;
}

@Module({})
class GatewayModule {}

/** The public door, put together. */
export class Gateway {
  private readonly publicUrl: string;
  private readonly gatewayMetrics: GatewayMetrics;
  private readonly bus: Bus;
  private readonly watch: BusWatch;
  private readonly owners: KeyOwners;
  private readonly delegations: Delegations;
  private readonly nonces: Nonces;
  private readonly streamWatch: StreamWatch;
  private readonly authenticator: Authenticator;
  private readonly hub: LiveHub;
  private readonly reader: FactReader;
  private readonly exchange: RateExchange;
  private readonly board: StatusBoard;
  private readonly hooks: HttpHooks;
  private readonly filter: RefusalFilter;
  private app: NestFastifyApplication | undefined;
  private connections: OpenConnections | undefined;

  constructor(private readonly core: GatewayCore) {
    const { settings, logger, metrics, connection, clock, trustedClock, endpoints } = core;
    const isProduction = settings.ENVIRONMENT === 'prod';
    this.publicUrl = settings.PUBLIC_URL ?? `http://localhost:${settings.PORT}`;
    this.gatewayMetrics = new GatewayMetrics(metrics);
    this.bus = new Bus(connection, 'gateway', settings.SERVICE_KEYS, metrics);
    this.owners = new KeyOwners(this.bus);
    this.delegations = new Delegations(this.bus);
    this.nonces = new Nonces(
      connection,
      settings.NATS_REPLICAS,
      trustedClock,
      logger,
      (why) => this.gatewayMetrics.refusedNonces.inc({ why }),
      () => this.watch.isUp(),
    );
    this.streamWatch = new StreamWatch({
      probes: [{ stream: `KV_${buckets.earlyNonces.name}`, write: () => this.nonces.probe() }],
      metrics,
      logger,
    });
    this.authenticator = new Authenticator({
      verifier: chooseVerifier((error) =>
        logger.warn({ error }, 'libsodium cannot be used: signatures are checked ten times as slowly'),
      ),
      nonces: this.nonces,
      owners: this.owners,
      delegations: this.delegations,
      allowedHosts: new AllowedHosts(settings.PUBLIC_URL, settings.ALLOWED_HOSTS, !isProduction),
      clock: trustedClock,
    });
    this.hub = new LiveHub(this.owners, new StreamPlaces(streamLimits(settings)));
    this.reader = new FactReader(
      connection,
      settings.SERVICE_KEYS,
      {
        onFact: (fact, sequence) => this.hub.take(fact, sequence),
        onOpen: (position, continued) => this.hub.opened(position, continued),
        // What is said meanwhile is not heard at once.
        onClosed: () => this.owners.forgetAll(),
      },
      logger,
      randomBytes(4).toString('hex'),
    );
    const limiter = new RateLimiter(() => nsToMs(clock()), {
      ...REQUESTS_PER_WINDOW,
      guesses: settings.WRONG_GUESSES_PER_MINUTE,
    });
    this.exchange = new RateExchange(connection, limiter, settings.NATS_REPLICAS, logger);
    this.watch = new BusWatch(connection, logger, () => {
      this.exchange.reopen();
      return this.nonces.open();
    });
    this.board = new StatusBoard(
      this.bus,
      logger,
      () => performance.now(),
      () => core.failingChecks(),
    );
    this.filter = new RefusalFilter(logger, settings.API_ERROR_STATUS === 'legacy');
    this.hooks = new HttpHooks({
      cors: new CorsRules({
        isProduction,
        publicUrl: settings.PUBLIC_URL,
        origins: settings.CORS_ORIGINS,
      }),
      routes: new RouteTable(Object.values(endpoints), [{ method: 'GET', path: '/' }]),
      limiter,
      countsRequests: isRateLimited(settings),
      metrics: this.gatewayMetrics,
      logger,
      clock,
      isHttps: this.publicUrl.startsWith('https:'),
    });
    metrics.observe(
      'dc_gateway_live_streams',
      'Open live streams of this gateway',
      [],
      async () => [{ value: this.hub.size }],
      (error) => logger.warn({ error }, 'live streams cannot be counted'),
    );
  }

  checkBus(): Promise<void> {
    return this.watch.check();
  }

  checkNonces(): Promise<void> {
    return this.nonces.check();
  }

  checkStreams(): Promise<void> {
    return this.streamWatch.check();
  }

  async listen(): Promise<Server> {
    const { settings, logger } = this.core;
    await this.nonces.open();
    await this.streamWatch.start();
    this.reader.start();
    const adapter = new FastifyAdapter({
      ...fastifyOptions(settings),
      genReqId: this.hooks.requestId,
      // Malformed URLs never reach a route: these answers get their headers here.
      frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
        this.hooks.writeHeaders(request, reply);
        this.filter.answer(error, request, reply);
      },
    });
    const app = await NestFactory.create<NestFastifyApplication>(GatewayModule, adapter, {
      logger: new NestLogger(logger),
      bodyParser: false,
      abortOnError: false,
    });
    this.app = app;
    const isBehindProxies = settings.TRUSTED_PROXIES.length > 0;
    this.connections = new OpenConnections(
      app.getHttpServer() as Server,
      isBehindProxies ? Number.POSITIVE_INFINITY : settings.CONNECTIONS_PER_ADDRESS,
    );
    app.useGlobalFilters(this.filter);
    const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
    fastify.decorateRequest('caller');
    fastify.decorateRequest('traceContext');
    this.hooks.register(fastify);
    fastify.register(async (scope) => this.routes(scope));
    await app.init();
    await app.listen({ port: settings.PORT, host: settings.HOST });
    return app.getHttpServer() as Server;
  }

  async stop(): Promise<void> {
    this.hub.endAll('this gateway is ending: come back');
    const { app } = this;
    // Most of the time that the process is given; the rest is for letting go of the bus.
    const deadlineMs = this.core.settings.GRACEFUL_SHUTDOWN_TIMEOUT_SECS * 800;
    if (app) await this.connections?.drain(() => app.close(), deadlineMs);
    this.exchange.stop();
    await this.streamWatch.stop();
    await this.reader.stop();
  }

  private routes(scope: FastifyInstance): void {
    const { settings, endpoints, connection, trustedClock, logger, metrics } = this.core;
    scope.setErrorHandler((error, request, reply) => this.filter.answer(error, request, reply));
    const tickets = new Tickets(connection, settings.NATS_REPLICAS, trustedClock, logger);
    const events = new EventsEndpoint({
      hub: this.hub,
      past: new Past(this.reader, logger),
      tickets,
      authenticator: this.authenticator,
      logger,
      keepAliveMs: settings.SSE_KEEP_ALIVE_SECS * 1_000,
      random: Math.random,
    });
    registerEndpoints(scope, {
      endpoints,
      local: localEndpoints({
        endpoints,
        environment: settings.ENVIRONMENT,
        publicUrl: this.publicUrl,
        board: this.board,
        events,
        ticket: ticketEndpoint(tickets),
      }),
      authenticator: this.authenticator,
      services: new ServiceCaller(this.bus.asker, metrics, settings.SERVICE_TIMEOUT_MS, this.watch.isUp),
      bodyLimitBytes: settings.BODY_LIMIT_BYTES,
      inScope: this.hooks.inScope,
      onAuthenticated: (caller, _declaration, request) => {
        if (caller.kind === 'agent') this.hooks.countAgent(caller.publicKey, request);
      },
      onRefusedSignature: (request) => this.hooks.countFailure(request),
      onWrongGuess: (request) => this.hooks.countGuess(request),
      onChanged: (service, caller) => this.forget(service, caller),
    });
    scope.get('/', { exposeHeadRoute: true }, async (_request, reply) => {
      const html = homePage({
        status: await this.board.getStatus(),
        offerings: await this.board.offeringsForRent(),
        environment: settings.ENVIRONMENT,
        publicUrl: this.publicUrl,
      });
      reply.header('content-security-policy', contentSecurityPolicy(html));
      return reply.type('text/html; charset=utf-8').send(html);
    });
    this.addLinkedPages(scope);
  }

  /** Where links of mails lead. */
  private addLinkedPages(scope: FastifyInstance): void {
    for (const [page, path] of LINKED_PAGES) {
      scope.get<{ Querystring: { contract?: unknown } }>(
        path,
        { exposeHeadRoute: true },
        async (request, reply) => {
          const { contract } = request.query;
          const html = linkedPage(page, {
            publicUrl: this.publicUrl,
            ...(contract !== undefined && { contract }),
          });
          reply.header('content-security-policy', contentSecurityPolicy(html));
          return reply.type('text/html; charset=utf-8').send(html);
        },
      );
    }
  }

  /** Whoever has just changed something sees it in the next request, without waiting for the fact. */
  private forget(service: string, caller: Caller): void {
    if (service === 'agents') this.delegations.forgetAll();
    if (service !== 'accounts' || caller.kind !== 'user') return;
    if (caller.accountId !== undefined) this.owners.forgetAccount(caller.accountId);
    this.owners.forgetKey(caller.publicKey);
  }
}
