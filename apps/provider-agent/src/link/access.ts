import type { ApiError, Client } from '@decent-cloud/client';
import type { Clock } from '@decent-cloud/kernel';
import { type JetStreamClient, jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { connectBroker } from './connect.ts';
import type { Instance } from './instance.ts';
import { type MonotonicClock, PlatformClock } from './platform-clock.ts';
import type { PlatformKey } from './platform-key.ts';
import { isFresh, openSession, type Session } from './session.ts';

export interface AccessOptions {
  readonly client: Client;
  readonly seedHex: string;
  readonly name: string;
  readonly urls: readonly string[];
  readonly caFile?: string | undefined;
  readonly platformKey: PlatformKey;
  readonly now: Clock;
  /** The process that wants to act as the agent. */
  readonly instance: Instance;
  readonly monotonic?: MonotonicClock | undefined;
}

/** A connection, and the session that it was made with. */
export interface Connected {
  readonly connection: NatsConnection;
  readonly js: JetStreamClient;
  readonly session: Session;
}

const CONNECT_TIMEOUT_MS = 10_000;
const RECONNECT_ATTEMPTS = 20;

/** What lets the agent in: the newest session, the platform's time as that told it, and the way to the broker with it. */
export class Access {
  readonly clock: PlatformClock;
  private newest: Session | undefined;

  constructor(private readonly options: AccessOptions) {
    this.clock = new PlatformClock(options.now, options.monotonic);
  }

  get session(): Session | undefined {
    return this.newest;
  }

  /** Connects by the session, or by a new one when that is not fresh. @throws ApiError, NoBrokerError */
  async connect(signal: AbortSignal): Promise<Connected> {
    const { clock, newest } = this;
    const isGood = newest && !clock.hasParted() && isFresh(newest, clock.now());
    const session = isGood ? newest : await this.renew(signal);
    const { name, seedHex, urls, caFile } = this.options;
    try {
      const connection = await connectBroker({
        name,
        seedHex,
        jwt: () => (this.newest ?? session).userJwt,
        session,
        urls,
        caFile,
        reconnectAttempts: RECONNECT_ATTEMPTS,
        timeoutMs: CONNECT_TIMEOUT_MS,
      });
      return { connection, js: jetstream(connection, { apiPrefix: session.apiPrefix }), session };
    } catch (error) {
      // A JWT that was refused is not tried twice: the next attempt asks for a new one.
      this.newest = undefined;
      throw error;
    }
  }

  /** Asks for the next session, and hears the platform's key and time from it. @throws ApiError */
  async renew(signal: AbortSignal): Promise<Session> {
    const { client, now, instance, platformKey } = this.options;
    const session = await openSession(client, now, { instance }, signal);
    await platformKey.hear(session.platformPublicKey);
    this.newest = session;
    this.clock.hear(session.openedAtNs + session.clockOffsetNs);
    return session;
  }
}

/** What the operator reads in the log when there is no access. */
export function noAccessText(error: unknown): { readonly level: 'error' | 'warn'; readonly text: string } {
  const { status, reason } = error as Partial<ApiError>;
  if (reason === 'AGENT_INSTANCE_HELD') {
    return {
      level: 'error',
      text: 'ANOTHER PROCESS ACTS AS THIS AGENT: this one does nothing until that one has stopped or was silent for five minutes; a second host needs an agent of its own (`dc-agent setup token`)',
    };
  }
  if (status === 401 || status === 403) return { level: 'error', text: 'the platform refuses this agent' };
  return { level: 'warn', text: 'no connection to the platform yet' };
}
