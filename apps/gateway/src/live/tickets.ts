import { createHash, randomBytes } from 'node:crypto';
import { type Clock, Refusal, secondsToNs } from '@decent-cloud/kernel';
import { buckets } from '@decent-cloud/messages';
import type { Logger } from '@decent-cloud/runtime';
import { JetStreamApiError, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { ensureBucket } from '../bus/bucket.ts';

const BUCKET = buckets.tickets;
const TIMEOUT_MS = 2_000;
const WRONG_LAST_SEQUENCE = 10_071;

export interface Ticket {
  readonly ticket: string;
  readonly expiresAtNs: bigint;
}

/** Tickets that open a live stream once, within a minute, at any gateway: for clients that cannot send headers. */
export class Tickets {
  constructor(
    private readonly connection: NatsConnection,
    private readonly replicas: number,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  async issue(publicKey: string): Promise<Ticket> {
    const ticket = randomBytes(32).toString('base64url');
    const expiresAtNs = this.clock() + secondsToNs(BUCKET.ttlSeconds);
    const value = JSON.stringify({ publicKey, expiresAtNs: expiresAtNs.toString() });
    await this.use((bucket) => bucket.create(keyOf(ticket), value));
    return { ticket, expiresAtNs };
  }

  /** The key that a ticket was issued for; it is used up then. @throws Refusal */
  async redeem(ticket: string): Promise<string> {
    const key = keyOf(ticket);
    const entry = await this.use((bucket) => bucket.get(key));
    if (entry?.operation !== 'PUT') return refuse();
    const { publicKey, expiresAtNs } = entry.json<{ publicKey: string; expiresAtNs: string }>();
    if (BigInt(expiresAtNs) < this.clock()) return refuse();
    try {
      await this.use((bucket) => bucket.delete(key, { previousSeq: entry.revision }));
    } catch (error) {
      if (isRaced(error)) return refuse();
      throw error;
    }
    return publicKey;
  }

  private async use<T>(work: (bucket: KV) => Promise<T>): Promise<T> {
    try {
      const manager = await jetstreamManager(this.connection, { checkAPI: false, timeout: TIMEOUT_MS });
      await ensureBucket(manager, {
        ...BUCKET,
        replicas: this.replicas,
        subject: `$KV.${BUCKET.name}.>`,
      });
      const kvm = new Kvm(jetstream(this.connection, { timeout: TIMEOUT_MS }));
      return await work(await kvm.open(BUCKET.name, { bindOnly: true, allow_direct: true }));
    } catch (error) {
      if (isRaced(error)) throw error;
      this.logger.warn({ error }, 'the ticket store does not answer');
      throw new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', 'Tickets are not available at the moment', {
        cause: error,
      });
    }
  }
}

const isRaced = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === WRONG_LAST_SEQUENCE;

/** Whoever reads the bucket cannot use what is in it. */
const keyOf = (ticket: string): string => createHash('sha256').update(ticket).digest('hex');

function refuse(): never {
  throw new Refusal('UNAUTHENTICATED', 'SIGNATURE_INVALID', 'The ticket is unknown, used or expired');
}
