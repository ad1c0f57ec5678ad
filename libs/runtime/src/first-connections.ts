import { connectBus, ServerTooOldError } from '@decent-cloud/bus';
import { messagingMigrationsDir } from '@decent-cloud/outbox';
import { isDatabaseUnavailable, migrate } from '@decent-cloud/postgres';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Logger } from './logging.ts';
import type { DatabaseSettings } from './settings.ts';

const RETRY_MS = 1_000;

export interface FirstConnectionsOptions {
  /** Of the service: its role at the database, its user at the bus. */
  readonly name: string;
  readonly migrationsDir: string;
  readonly settings: DatabaseSettings;
  readonly logger: Logger;
  /** True when nobody waits any more. */
  readonly isStopping: () => boolean;
}

/** Waits for a database and a bus that are not there yet; any other fault ends the start. */
export class FirstConnections {
  constructor(private readonly options: FirstConnectionsOptions) {}

  async migrateDatabase(): Promise<void> {
    const { settings, migrationsDir } = this.options;
    await this.until('reach the database', isDatabaseUnavailable, () =>
      migrate({
        connectionString: settings.DATABASE_URL,
        migrationsDir: [messagingMigrationsDir, migrationsDir],
      }),
    );
  }

  connectBus(): Promise<NatsConnection> {
    const { name, settings } = this.options;
    const { NATS_URL, NATS_CREDS_FILE } = settings;
    return this.until(
      'reach the bus',
      (error) => !(error instanceof ServerTooOldError),
      () =>
        connectBus({
          servers: NATS_URL,
          name,
          user: name,
          firstConnectDeadlineMs: 5_000,
          ...(NATS_CREDS_FILE === undefined ? {} : { credsFile: NATS_CREDS_FILE }),
        }),
    );
  }

  /** Repeats while the fault is one of those that pass by themselves. */
  private async until<T>(
    doing: string,
    passes: (error: unknown) => boolean,
    attempt: () => Promise<T>,
  ): Promise<T> {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (this.options.isStopping() || !passes(error)) throw error;
        this.options.logger.warn({ error }, `cannot ${doing}; trying again`);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }
}
