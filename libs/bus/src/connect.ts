import { readFile } from 'node:fs/promises';
import { inboxOf } from '@decent-cloud/messages';
import {
  type ConnectionOptions,
  credsAuthenticator,
  type NatsConnection,
  NatsConnectionImpl,
  setTransportFactory,
} from '@nats-io/transport-node';
import { nodeResolveHost } from '@nats-io/transport-node/lib/node_transport.js';
import { GroupingTransport } from './grouping-transport.ts';

export interface BusOptions {
  /** Comma-separated or list: `nats://host:4222`. */
  readonly servers: string | readonly string[];
  /** Shown in the broker's connection list. */
  readonly name: string;
  readonly credsFile?: string;
  /** As whom one signs in to the hub: answers arrive at that user's own inbox. */
  readonly user?: string;
  readonly connectTimeoutMs?: number;
  /** How long the first connection may take, retries included. */
  readonly firstConnectDeadlineMs?: number;
}

/** Per-message TTLs, several filters per consumer and auth callout exist from here on. */
const OLDEST_SERVER = [2, 11, 0] as const;

/** Connects to NATS and stays connected: retries for ever after the first success. Refuses servers that are too old. */
export async function connectBus(options: BusOptions): Promise<NatsConnection> {
  const deadlineMs = performance.now() + (options.firstConnectDeadlineMs ?? 30_000);
  const creds = options.credsFile === undefined ? undefined : await readFile(options.credsFile);
  for (;;) {
    try {
      const connection = await connect({
        servers: typeof options.servers === 'string' ? options.servers.split(',') : [...options.servers],
        name: options.name,
        timeout: options.connectTimeoutMs ?? 5_000,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 250,
        reconnectJitter: 250,
        ignoreAuthErrorAbort: true,
        pingInterval: 10_000,
        // Two stack traces a request, for the case that it fails.
        noAsyncTraces: true,
        ...(options.user === undefined ? {} : { inboxPrefix: inboxOf(options.user) }),
        ...(creds === undefined ? {} : { authenticator: credsAuthenticator(creds) }),
      });
      await refuseOldServer(connection);
      return connection;
    } catch (error) {
      if (error instanceof ServerTooOldError) throw error;
      if (performance.now() >= deadlineMs) {
        throw new Error(`no NATS server answers at ${options.servers}: is it running, is NATS_URL right?`, {
          cause: error,
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

function connect(options: ConnectionOptions): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new GroupingTransport(), dnsResolveFn: nodeResolveHost });
  return NatsConnectionImpl.connect(options);
}

export class ServerTooOldError extends Error {}

async function refuseOldServer(connection: NatsConnection): Promise<void> {
  const version = connection.info?.version ?? '0.0.0';
  const parts = version.split(/[.-]/).map(Number);
  for (const [index, wanted] of OLDEST_SERVER.entries()) {
    const part = parts[index] ?? 0;
    if (part > wanted) return;
    if (part < wanted) {
      await connection.close();
      throw new ServerTooOldError(
        `nats-server ${version} is too old: ${OLDEST_SERVER.join('.')} or newer is needed`,
      );
    }
  }
}
