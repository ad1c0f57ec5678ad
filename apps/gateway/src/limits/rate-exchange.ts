import { randomBytes } from 'node:crypto';
import { buckets } from '@decent-cloud/messages';
import type { Logger } from '@decent-cloud/runtime';
import { jetstreamManager } from '@nats-io/jetstream';
import { Kvm, type KvWatchEntry, KvWatchInclude } from '@nats-io/kv';
import type { NatsConnection, QueuedIterator } from '@nats-io/transport-node';
import { ensureBucket } from '../bus/bucket.ts';
import type { RateLimiter } from './rate-limiter.ts';

const EXCHANGE_MS = 200;
const RETRY_MS = 1_000;
const KEYS_PER_MESSAGE = 5_000;
const BUCKET = buckets.rateLimits;

/**
 * Tells the other gateways five times a second what was counted here, under keys `<window>.<gateway>.<n>` of the bucket
 * `gateway_rate_limits`, and listens to them. No request waits for the bus: N gateways may let a caller through as many
 * requests too many as N - 1 of them take in 200 ms. Without the bus each goes on with its own counts.
 */
export class RateExchange {
  private readonly id = randomBytes(6).toString('hex');
  private readonly timer: NodeJS.Timeout;
  private watching: QueuedIterator<KvWatchEntry> | undefined;
  private stopping = false;
  private told = 0;

  constructor(
    private readonly connection: NatsConnection,
    private readonly limiter: RateLimiter,
    private readonly replicas: number,
    private readonly logger: Logger,
  ) {
    this.timer = setInterval(() => this.tell(), EXCHANGE_MS);
    this.timer.unref();
    void this.listen();
  }

  stop(): void {
    this.stopping = true;
    clearInterval(this.timer);
    this.watching?.stop();
  }

  /** The bucket was in the broker's memory: what listens to the old one hears nothing any more. */
  reopen(): void {
    this.watching?.stop();
  }

  private tell(): void {
    if (!this.watching || this.connection.isClosed()) return;
    const changes = this.limiter.takeChanges();
    if (!changes) return;
    const entries = [...changes.counts];
    for (let from = 0; from < entries.length; from += KEYS_PER_MESSAGE) {
      this.told++;
      this.connection.publish(
        `$KV.${BUCKET.name}.${changes.window}.${this.id}.${this.told}`,
        JSON.stringify(entries.slice(from, from + KEYS_PER_MESSAGE)),
      );
    }
  }

  private async listen(): Promise<void> {
    while (!this.stopping) {
      try {
        await ensureBucket(await jetstreamManager(this.connection, { checkAPI: false }), {
          ...BUCKET,
          replicas: this.replicas,
          subject: `$KV.${BUCKET.name}.>`,
        });
        const bucket = await new Kvm(this.connection).open(BUCKET.name);
        this.watching = await bucket.watch({ include: KvWatchInclude.LastValue });
        for await (const entry of this.watching) this.hear(entry);
      } catch (error) {
        if (!this.stopping) this.logger.debug({ error }, 'request counts cannot be exchanged');
      }
      this.watching = undefined;
      if (!this.stopping) await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
    }
  }

  private hear(entry: KvWatchEntry): void {
    const [window, gateway] = entry.key.split('.');
    if (gateway === undefined || gateway === this.id || entry.operation !== 'PUT') return;
    this.limiter.takeOthers(gateway, Number(window), entry.json<[string, number][]>());
  }
}
