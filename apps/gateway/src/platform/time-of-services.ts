import { parseExactJson } from '@decent-cloud/kernel';
import { innerServiceNames } from '@decent-cloud/messages';
import type { NatsConnection } from '@nats-io/transport-node';

const TIMEOUT_MS = 1_000;

/** The time, as the first service tells it that agrees with its database; undefined while none does. */
export async function timeOfServices(connection: NatsConnection): Promise<bigint | undefined> {
  for (const name of innerServiceNames) {
    const told = await timeOf(connection, name);
    if (told !== undefined) return told;
  }
  return undefined;
}

async function timeOf(connection: NatsConnection, service: string): Promise<bigint | undefined> {
  try {
    const reply = await connection.request(`req.${service}.v1.ping`, '', { timeout: TIMEOUT_MS });
    const { data } = parseExactJson(reply.string()) as { data?: { nowNs?: string } };
    return data?.nowNs === undefined ? undefined : BigInt(data.nowNs);
  } catch {
    // It is away, as the status page says; another one tells the time.
    return undefined;
  }
}
