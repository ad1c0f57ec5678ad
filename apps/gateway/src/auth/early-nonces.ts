import { SIGNATURE_WINDOW_NS } from '@decent-cloud/identity';
import { buckets } from '@decent-cloud/messages';
import {
  JetStreamApiError,
  type JetStreamClient,
  JetStreamError,
  type JetStreamManager,
  jetstreamManager,
  StorageType,
  type StoredMsg,
} from '@nats-io/jetstream';
import { errors, type NatsConnection } from '@nats-io/transport-node';
import { ensureBucket } from '../bus/bucket.ts';

export const STORE_TIMEOUT_MS = 2_000;
export const WRONG_LAST_SEQUENCE = 10_071;
const BUCKET = buckets.earlyNonces;
const PROBE = `$KV.${BUCKET.name}.probe`;
const AT_ONCE = 1_000;
const NO_MORE = 404;

/**
 * Which signatures have passed with a stamp ahead of the clock. A new store of nonces cannot tell by the stamp that they
 * are old, so they are kept on disk and outlive broker and gateways. Few clocks are fast: few pay for the flush.
 */
export class EarlyNonces {
  private readonly passed = new Map<string, bigint>();

  constructor(
    private readonly connection: NatsConnection,
    private readonly js: JetStreamClient,
    private readonly replicas: number,
  ) {}

  has(key: string): boolean {
    return this.passed.has(key);
  }

  /** Notes one for good; false when it was used before. Comes before the note in memory, so that a loss finds it here. */
  async claim(key: string, timestampNs: bigint): Promise<boolean> {
    try {
      return await this.create(key, timestampNs);
    } catch (error) {
      if (!isNobodyListening(error)) throw error;
      await this.ensure(
        await jetstreamManager(this.connection, { checkAPI: false, timeout: STORE_TIMEOUT_MS }),
      );
      return await this.create(key, timestampNs);
    }
  }

  /** Writes something that is no nonce; rejects when the disk does not take it. */
  async probe(): Promise<void> {
    await this.ensure(
      await jetstreamManager(this.connection, { checkAPI: false, timeout: STORE_TIMEOUT_MS }),
    );
    await this.js.publish(PROBE, '', { timeout: STORE_TIMEOUT_MS });
  }

  /** It has passed: this gateway remembers it too. */
  remember(key: string, timestampNs: bigint, nowNs: bigint): void {
    this.passed.set(key, timestampNs);
    this.forget(nowNs);
  }

  /** Learns what passed before, at any gateway; what this one knows and the disk has lost is put there again. */
  async load(manager: JetStreamManager, nowNs: bigint): Promise<void> {
    this.forget(nowNs);
    const own = new Map(this.passed);
    await this.ensure(manager);
    for await (const message of stored(manager)) {
      if (message.subject === PROBE) continue;
      const key = message.subject.split('.').slice(2).join('.');
      own.delete(key);
      this.passed.set(key, BigInt(message.string()));
    }
    for (const [key, stampNs] of own) await this.create(key, stampNs);
  }

  /** The oldest, up to the first that might still come again. */
  private forget(nowNs: bigint): void {
    for (const [key, stampNs] of this.passed) {
      if (stampNs >= nowNs - SIGNATURE_WINDOW_NS) break;
      this.passed.delete(key);
    }
  }

  private async ensure(manager: JetStreamManager): Promise<void> {
    await ensureBucket(manager, {
      ...BUCKET,
      replicas: this.replicas,
      subject: `$KV.${BUCKET.name}.>`,
      storage: StorageType.File,
    });
  }

  private async create(key: string, timestampNs: bigint): Promise<boolean> {
    try {
      await this.js.publish(`$KV.${BUCKET.name}.${key}`, timestampNs.toString(), {
        expect: { lastSubjectSequence: 0 },
        timeout: STORE_TIMEOUT_MS,
      });
      return true;
    } catch (error) {
      if (error instanceof JetStreamApiError && error.code === WRONG_LAST_SEQUENCE) return false;
      throw error;
    }
  }
}

async function* stored(manager: JetStreamManager): AsyncGenerator<StoredMsg> {
  for (let from = 1; ; ) {
    try {
      const batch = await manager.direct.getBatch(`KV_${BUCKET.name}`, { seq: from, batch: AT_ONCE });
      for await (const message of batch) {
        from = message.seq + 1;
        yield message;
      }
    } catch (error) {
      if (error instanceof JetStreamError && 'code' in error && error.code === NO_MORE) return;
      throw error;
    }
  }
}

export function isNobodyListening(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof errors.NoRespondersError) return true;
    if (cause instanceof errors.RequestError && cause.isNoResponders()) return true;
  }
  return false;
}
