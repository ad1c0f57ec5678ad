import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { connectBus, ServerTooOldError } from '@decent-cloud/bus';
import { type Clock, systemClock } from '@decent-cloud/kernel';
import type { EndpointDeclaration } from '@decent-cloud/messages';
import { allEndpoints } from '@decent-cloud/messages/endpoints';
import {
  ClockWatch,
  createLogger,
  endOnSignals,
  type Logger,
  Metrics,
  OpsServer,
  readSettings,
  startTracing,
} from '@decent-cloud/runtime';
import type { NatsConnection } from '@nats-io/transport-node';
import { Gateway } from './gateway.ts';
import { timeOfServices } from './platform/time-of-services.ts';
import { type GatewaySettings, gatewaySettings } from './settings.ts';

const RETRY_MS = 1_000;

export interface GatewayOptions {
  /** Instead of the process's own environment. */
  readonly env?: NodeJS.ProcessEnv;
  readonly clock?: Clock;
  /** Instead of all that are declared. */
  readonly endpoints?: Readonly<Record<string, EndpointDeclaration>>;
  /** False when the process is not ours to end (specs). */
  readonly handleSignals?: boolean;
  readonly logger?: Logger;
}

export interface RunningGateway {
  readonly port: number;
  readonly opsPort: number;
  readonly metrics: Metrics;
  /** Takes no new request, finishes those in hand, sends live clients elsewhere. */
  stop(): Promise<void>;
}

/** Starts the public door and, unless told otherwise, ties the process's life to it. Waits for the bus. */
export async function startGateway(options: GatewayOptions = {}): Promise<RunningGateway> {
  const settings = readSettings(gatewaySettings, options.env ?? process.env);
  const logger = options.logger ?? createLogger('gateway', settings.LOG_LEVEL);
  const process_ = new GatewayProcess(settings, logger, options);
  if (options.handleSignals !== false) {
    endOnSignals(logger, settings.GRACEFUL_SHUTDOWN_TIMEOUT_SECS, () => process_.stop());
  }
  try {
    await process_.start();
  } catch (error) {
    if (options.handleSignals === false) throw error;
    logger.fatal({ error }, 'the gateway cannot start');
    process.exit(1);
  }
  return process_;
}

class GatewayProcess implements RunningGateway {
  readonly metrics = new Metrics('gateway');
  private readonly ops = new OpsServer('gateway', this.metrics);
  private gateway: Gateway | undefined;
  private connection: NatsConnection | undefined;
  private clockWatch: ClockWatch | undefined;
  private started = false;
  private stopping = false;
  opsPort = 0;
  port = 0;

  constructor(
    private readonly settings: GatewaySettings,
    private readonly logger: Logger,
    private readonly options: GatewayOptions,
  ) {}

  async start(): Promise<void> {
    const { settings, logger, metrics } = this;
    startTracing();
    this.ops.addCheck({ name: 'started', check: async () => this.assertStarted() });
    this.opsPort = await this.ops.listen(settings.OPS_PORT, settings.OPS_HOST);
    const connection = await this.connect();
    this.connection = connection;
    const clock = this.options.clock ?? systemClock;
    const clockWatch = new ClockWatch({
      clock,
      reference: () => timeOfServices(connection),
      referenceName: 'the services',
      metrics,
      logger,
    });
    this.clockWatch = clockWatch;
    await clockWatch.start();
    this.gateway = new Gateway({
      settings,
      logger,
      metrics,
      connection,
      clock,
      trustedClock: clockWatch.now,
      endpoints: this.options.endpoints ?? allEndpoints,
      failingChecks: () => this.ops.failing(),
    });
    const server = await this.gateway.listen();
    this.port = (server.address() as AddressInfo).port;
    const { gateway } = this;
    this.ops.addCheck({ name: 'bus', check: () => gateway.checkBus() });
    this.ops.addCheck({ name: 'streams', check: () => gateway.checkStreams() });
    this.ops.addCheck({ name: 'clock', check: () => clockWatch.check() });
    this.ops.addCheck({
      name: 'nonces',
      check: async () => {
        if (clockWatch.isTrusted()) await gateway.checkNonces();
      },
    });
    this.started = true;
    logger.info(`the gateway is ready on port ${this.port}`);
  }

  async stop(): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    this.ops.drain();
    const { gateway, clockWatch, connection, ops } = this;
    for (const step of [
      () => gateway?.stop(),
      () => clockWatch?.stop(),
      () => connection?.close(),
      () => ops.close(),
    ]) {
      try {
        await step();
      } catch (error) {
        this.logger.warn({ error }, 'a part did not stop cleanly');
      }
    }
  }

  private assertStarted(): void {
    if (!this.started) throw new Error('starting');
  }

  private async connect(): Promise<NatsConnection> {
    const { NATS_URL, NATS_CREDS_FILE } = this.settings;
    for (;;) {
      try {
        return await connectBus({
          servers: NATS_URL,
          name: 'gateway',
          user: 'gateway',
          firstConnectDeadlineMs: 5_000,
          ...(NATS_CREDS_FILE === undefined ? {} : { credsFile: NATS_CREDS_FILE }),
        });
      } catch (error) {
        if (this.stopping || error instanceof ServerTooOldError) throw error;
        this.logger.warn({ error }, 'cannot reach the bus; trying again');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}
