import { type Clock, systemClock } from '@decent-cloud/kernel';
import { agentSubjects } from '@decent-cloud/messages/agents/protocol';
import { streams } from '@decent-cloud/messages/topology';
import { jetstream } from '@nats-io/jetstream';
import { connectBroker } from './connect.ts';
import type { Session } from './session.ts';

export interface VisitOptions {
  readonly name: string;
  readonly seedHex: string;
  readonly session: Session;
  readonly urls: readonly string[];
  readonly caFile?: string | undefined;
}

/** One short look at the platform by a command, beside the agent or in its place. */
export interface Visit {
  readonly session: Session;
  readonly server: string;
  /** The platform's time. */
  readonly now: Clock;
  readonly isConnected: () => boolean;
  request(method: string, text: string): Promise<string>;
  /** Commands that wait for the agent. */
  waitingCommands(): Promise<number>;
}

const CONNECT_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 5_000;

/** Connects, lets the work be done, and goes. @throws NoBrokerError */
export async function visitBroker<T>(options: VisitOptions, work: (visit: Visit) => Promise<T>): Promise<T> {
  const { name, seedHex, session, urls, caFile } = options;
  const connection = await connectBroker({
    name,
    seedHex,
    jwt: () => session.userJwt,
    session,
    urls,
    caFile,
    reconnectAttempts: 0,
    timeoutMs: CONNECT_TIMEOUT_MS,
  });
  try {
    return await work({
      session,
      server: connection.getServer(),
      now: () => systemClock() + session.clockOffsetNs,
      isConnected: () => !connection.isClosed(),
      request: async (method, text) => {
        const subject = agentSubjects.rpc(session.accountPublicKey, method);
        return (await connection.request(subject, text, { timeout: REQUEST_TIMEOUT_MS })).string();
      },
      waitingCommands: async () => {
        const js = jetstream(connection, { apiPrefix: session.apiPrefix });
        const consumer = await js.consumers.get(streams.AGENT_CMD.name, session.accountPublicKey);
        return (await consumer.info()).num_pending;
      },
    });
  } finally {
    await connection.close();
  }
}
