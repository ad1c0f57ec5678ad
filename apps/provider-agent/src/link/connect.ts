import { userSeedOfEd25519 } from '@decent-cloud/nats-auth';
import { connect, jwtAuthenticator, type NatsConnection, wsconnect } from '@nats-io/transport-node';
import { currentProxy } from './proxy.ts';
import { secureFaultOf, trustAlso } from './secure-websocket.ts';
import type { Session } from './session.ts';

export interface ConnectOptions {
  readonly name: string;
  readonly seedHex: string;
  /** The newest JWT, whenever the connection is made again. */
  readonly jwt: () => string;
  readonly session: Session;
  /** From the configuration; otherwise those of the session. */
  readonly urls: readonly string[];
  readonly caFile?: string | undefined;
  /** How often the connection tries to come back by itself, before a new session is asked for. */
  readonly reconnectAttempts: number;
  readonly timeoutMs: number;
}

/** No way led to the broker. */
export class NoBrokerError extends Error {
  override readonly name = 'NoBrokerError';
}

const isWebsocket = (url: string): boolean => /^wss?:/.test(url);

/**
 * Connects by plain NATS, and by WebSocket where that does not get through; behind a proxy, which plain NATS cannot use, the
 * other way round. @throws NoBrokerError
 */
export async function connectBroker(options: ConnectOptions): Promise<NatsConnection> {
  const { urls, session } = options;
  const all = urls.length > 0 ? urls : [...session.natsUrls, ...session.websocketUrls];
  const ways = [
    { servers: all.filter((url) => !isWebsocket(url)), dial: connect },
    { servers: all.filter(isWebsocket), dial: wsconnect },
  ].filter(({ servers }) => servers.length > 0);
  if (currentProxy()) ways.reverse();
  const failures: unknown[] = [];
  const why: string[] = [];
  for (const { servers, dial } of ways) {
    try {
      if (options.caFile && dial === wsconnect) await trustAlso(options.caFile);
      return await dial({
        servers,
        name: options.name,
        authenticator: jwtAuthenticator(
          options.jwt,
          new TextEncoder().encode(userSeedOfEd25519(options.seedHex)),
        ),
        timeout: options.timeoutMs,
        maxReconnectAttempts: options.reconnectAttempts,
        reconnectTimeWait: 250,
        reconnectJitter: 750,
        reconnectJitterTLS: 750,
        ignoreAuthErrorAbort: true,
        pingInterval: 10_000,
        maxPingOut: 2,
        ...(options.caFile && dial === connect && { tls: { caFile: options.caFile } }),
      });
    } catch (error) {
      failures.push(error);
      why.push(error instanceof Error ? error.message : String(error));
      for (const url of servers.filter((one) => one.startsWith('wss:'))) {
        const fault = await secureFaultOf(url);
        if (fault !== undefined) why.push(`${url}: ${fault}`);
      }
    }
  }
  throw new NoBrokerError(
    failures.length > 0 ? `no broker can be reached: ${why.join('; ')}` : 'the platform names no broker',
    { cause: failures.at(-1) },
  );
}
