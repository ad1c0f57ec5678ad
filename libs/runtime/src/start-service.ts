import 'reflect-metadata';
import { signFact } from '@decent-cloud/bus';
import { type Clock, systemClock } from '@decent-cloud/kernel';
import { installCrashPoints } from '@decent-cloud/kernel/crash-file';
import { OutboxRelay } from '@decent-cloud/outbox';
import { Database } from '@decent-cloud/postgres';
import { jetstream } from '@nats-io/jetstream';
import { type INestMicroservice, type InjectionToken, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { z } from 'zod';
import { answerPings } from './answer-pings.ts';
import { reactionReader, sweepRunners } from './background-work.ts';
import { Bus } from './bus.ts';
import { BusServer } from './bus-server.ts';
import { ClockWatch } from './clock-watch.ts';
import { discover } from './discover.ts';
import { Door } from './door.ts';
import { FirstConnections } from './first-connections.ts';
import { createLogger, type Logger, NestLogger } from './logging.ts';
import { Metrics } from './metrics.ts';
import { OpsServer } from './ops-server.ts';
import { OwnStreams } from './own-streams.ts';
import { assertInTime, noteChange } from './request-scope.ts';
import type { ServiceCore, ServiceDefinition } from './service.ts';
import { observeService } from './service-metrics.ts';
import { serviceModule } from './service-module.ts';
import { type DatabaseSettings, readSettings } from './settings.ts';
import { endOnSignals } from './shutdown.ts';
import { StreamWatch } from './stream-watch.ts';
import { startTracing } from './tracing.ts';

export interface StartOptions {
  /** Instead of the process's own environment. */
  readonly env?: NodeJS.ProcessEnv;
  readonly clock?: Clock;
  /** Whether the clock is compared with the database's: by default if it is the system's. */
  readonly comparesClock?: boolean;
  /** False when the process is not ours to end (specs). */
  readonly handleSignals?: boolean;
}

export interface RunningService {
  readonly database: Database;
  readonly bus: Bus;
  readonly metrics: Metrics;
  readonly opsPort: number;
  get<T>(token: InjectionToken<T>): T;
  /** Finishes what is in hand and lets go of everything. */
  stop(): Promise<void>;
}

/** Starts a service and, unless told otherwise, ties the process's life to it. Waits for database and bus. */
export async function startService<S extends z.ZodType<DatabaseSettings>>(
  definition: ServiceDefinition<S>,
  options: StartOptions = {},
): Promise<RunningService> {
  const settings = readSettings(definition.settings, options.env ?? process.env);
  const logger = createLogger(definition.name, settings.LOG_LEVEL);
  installCrashPoints(options.env);
  const service = new Service(definition, settings, logger, options);
  if (options.handleSignals !== false) {
    endOnSignals(logger, settings.GRACEFUL_SHUTDOWN_TIMEOUT_SECS, () => service.stop());
  }
  try {
    await service.start();
  } catch (error) {
    if (options.handleSignals === false) throw error;
    logger.fatal({ error }, 'the service cannot start');
    process.exit(1);
  }
  return service;
}

class Service<S extends z.ZodType<DatabaseSettings>> implements RunningService {
  readonly metrics: Metrics;
  readonly database: Database;
  private readonly ops: OpsServer;
  private readonly clockWatch: ClockWatch;
  private readonly stops: (() => Promise<unknown>)[] = [];
  private stopping = false;
  private started = false;
  private app: INestMicroservice | undefined;
  private ownBus: Bus | undefined;
  opsPort = 0;

  constructor(
    private readonly definition: ServiceDefinition<S>,
    private readonly settings: z.output<S>,
    private readonly logger: Logger,
    { clock = systemClock, comparesClock = clock === systemClock }: StartOptions,
  ) {
    const { name } = definition;
    this.metrics = new Metrics(name);
    this.ops = new OpsServer(name, this.metrics);
    this.database = new Database({
      connectionString: settings.DATABASE_URL,
      applicationName: name,
      gate: { assertInTime, noteChange },
    });
    this.clockWatch = new ClockWatch({
      clock,
      reference: async () => (comparesClock ? this.database.now() : undefined),
      referenceName: 'the database',
      metrics: this.metrics,
      logger,
    });
  }

  get bus(): Bus {
    if (!this.ownBus) throw new Error('not started');
    return this.ownBus;
  }

  get<T>(token: InjectionToken<T>): T {
    if (!this.app) throw new Error('not started');
    return this.app.get<T>(token as Type<T>, { strict: false });
  }

  async start(): Promise<void> {
    const { definition, settings, logger, clockWatch } = this;
    startTracing();
    this.ops.addCheck({ name: 'started', check: async () => this.assertStarted() });
    this.opsPort = await this.ops.listen(settings.OPS_PORT, settings.OPS_HOST);
    this.stops.push(() => this.ops.close());
    const found = await discover(definition.directory);
    const connections = new FirstConnections({
      name: definition.name,
      migrationsDir: definition.migrationsDir,
      ...{ settings, logger },
      isStopping: () => this.stopping,
    });
    await connections.migrateDatabase();
    this.stops.push(() => this.database.close());
    await clockWatch.start();
    this.stops.push(() => clockWatch.stop());
    const connection = await connections.connectBus();
    this.stops.push(() => connection.close());
    const ownStreams = await OwnStreams.open(connection, settings.NATS_REPLICAS, definition.streams);
    const { manager } = ownStreams;
    const streamWatch = new StreamWatch({ probes: ownStreams.probes, metrics: this.metrics, logger });

    this.ownBus = new Bus(connection, definition.name, settings.SERVICE_KEYS, this.metrics);
    const core: ServiceCore<z.output<S>> = {
      settings,
      database: this.database,
      bus: this.bus,
      metrics: this.metrics,
      logger,
      clock: clockWatch.now,
      clockWatch,
    };
    observeService(core, manager, definition.name);
    definition.metrics?.(core);

    const door = new Door(settings.SERVICE_KEYS);
    this.stops.push(async () => door.close());
    const server = new BusServer(connection, settings.GRACEFUL_SHUTDOWN_TIMEOUT_SECS * 1_000, door);
    this.app = await NestFactory.createMicroservice(
      serviceModule(core, found, definition.providers?.(core) ?? []),
      {
        strategy: server,
        logger: new NestLogger(logger),
        abortOnError: false,
      },
    );
    const relay = new OutboxRelay({
      database: this.database,
      jetstream: jetstream(connection),
      manager,
      onError: (error, doing) => {
        logger.warn({ error }, doing);
        void streamWatch.look();
      },
      onPublished: (count) => this.metrics.outboxPublished.inc(count),
      sign: (message) => signFact(settings.SERVICE_KEYS, message),
      ensureStreams: () => ownStreams.ensure(),
    });
    await streamWatch.start();
    this.stops.push(() => streamWatch.stop());
    relay.start();
    this.stops.push(() => relay.stop());
    const { app } = this;
    this.stops.push(() => app.close());
    await app.listen();
    const reader = reactionReader(definition.name, core, found, (type) => this.get(type));
    reader?.start();
    if (reader) this.stops.push(() => reader.stop());
    for (const runner of sweepRunners(core, found, (type) => this.get(type))) {
      runner.start();
      this.stops.push(() => runner.stop());
    }
    const ping = answerPings(definition.name, connection, this.ops, clockWatch);
    this.stops.push(async () => ping.unsubscribe());
    // Requests first: what they still say goes out with the relay, which ends after them.
    this.stops.push(() => server.close());
    this.ops.addCheck({ name: 'database', check: async () => void (await this.database.query('select 1')) });
    this.ops.addCheck({ name: 'bus', check: () => connection.flush() });
    this.ops.addCheck({ name: 'streams', check: () => streamWatch.check() });
    this.ops.addCheck({ name: 'clock', check: () => clockWatch.check() });
    this.started = true;
    logger.info(
      `${definition.name} is ready (${found.verbs.length} verbs, ${found.reactions.length} reactions, ${found.sweeps.length} sweeps)`,
    );
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.ops.drain();
    for (const stop of this.stops.splice(0).reverse()) {
      try {
        await stop();
      } catch (error) {
        this.logger.warn({ error }, 'a part did not stop cleanly');
      }
    }
  }

  private assertStarted(): void {
    if (!this.started) throw new Error('starting');
  }
}
