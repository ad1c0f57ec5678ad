import { randomBytes } from 'node:crypto';
import { type Clock, NS_PER_MS, nsToIso, nsToMs, Refusal, secondsToNs } from '@decent-cloud/kernel';
import { buckets } from '@decent-cloud/messages';
import { CLOCK_LIMIT_SECONDS, type Logger } from '@decent-cloud/runtime';
import { JetStreamApiError, type JetStreamClient, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { ensureBucket } from '../bus/bucket.ts';
import { EarlyNonces, isNobodyListening, STORE_TIMEOUT_MS, WRONG_LAST_SEQUENCE } from './early-nonces.ts';

/** Broker and gateways may have clocks of their own. */
const CLOCKS_DIFFER_NS = secondsToNs(CLOCK_LIMIT_SECONDS);

const madeTooEarly = (sinceNs: bigint): string =>
  `the store of nonces was made when a clock was ahead of time: signed requests are refused until ${nsToIso(sinceNs)}, or until the broker is restarted`;

interface Incarnation {
  /** `$KV.<bucket>.<id>`; only this incarnation of the bucket listens there. */
  readonly prefix: string;
  /** Nonces of signatures before this time may be forgotten. */
  readonly sinceNs: bigint;
}

export interface SeenSignature {
  readonly publicKeyHex: string;
  readonly nonceHex: string;
  readonly timestampNs: bigint;
}

/**
 * Lets every signature pass once, over all gateways. The bucket lives in the broker's memory and is gone after its
 * restart, so signatures that are older than the bucket are refused, and those that were stamped ahead of the clock are
 * on disk besides. Each bucket listens to subjects of its own: a gateway that still knows the one before gets no answer,
 * instead of an answer from a store that has forgotten.
 */
export class Nonces {
  private readonly js: JetStreamClient;
  private known: Promise<Incarnation> | undefined;
  private readonly early: EarlyNonces;

  constructor(
    private readonly connection: NatsConnection,
    private readonly replicas: number,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly onRefused: (why: 'replayed' | 'older-than-store' | 'store-down') => void,
    private readonly isUp: () => boolean = () => true,
  ) {
    this.js = jetstream(connection, { timeout: STORE_TIMEOUT_MS });
    this.early = new EarlyNonces(connection, this.js, replicas);
  }

  /** Makes the bucket early, so that the first signatures are not older than it: at the start, and when the bus is back. */
  async open(): Promise<void> {
    this.known = undefined;
    try {
      await this.incarnation();
    } catch (error) {
      this.logger.warn({ error }, 'the nonce store is not there yet');
    }
  }

  /** @throws Error while every signature is older than the store: it was made by a clock that was ahead of time */
  async check(): Promise<void> {
    this.assertConnected();
    const { sinceNs } = await this.incarnation();
    if (sinceNs > this.clock() + CLOCKS_DIFFER_NS) throw new Error(madeTooEarly(sinceNs));
  }

  /** Does the disk take early ones? */
  probe(): Promise<void> {
    return this.early.probe();
  }

  /**
   * Remembers a signature that has verified.
   * @throws Refusal SIGNATURE_REPLAYED, SIGNATURE_EXPIRED (older than the store), or UNAVAILABLE when the store is down
   */
  async use(signature: SeenSignature): Promise<void> {
    const key = `${signature.publicKeyHex}.${signature.nonceHex}`;
    if (!this.isUp()) this.unavailable(new Error('the bus is not connected'));
    const nowNs = this.clock();
    const isEarly = signature.timestampNs > nowNs;
    if (isEarly && !(await this.orUnavailable(() => this.early.claim(key, signature.timestampNs)))) {
      this.refuseReplay();
    }
    for (let attempt = 0; ; attempt++) {
      const incarnation = await this.orUnavailable(() => this.incarnation());
      if (signature.timestampNs < incarnation.sinceNs) {
        this.onRefused('older-than-store');
        if (incarnation.sinceNs > nowNs + CLOCKS_DIFFER_NS) {
          this.logger.error(madeTooEarly(incarnation.sinceNs));
          throw new Refusal(
            'UNAVAILABLE',
            'CLOCK_WRONG',
            'A clock of the platform was ahead of time: signed requests cannot be checked at the moment',
          );
        }
        throw new Refusal(
          'UNAUTHENTICATED',
          'SIGNATURE_EXPIRED',
          'Request was signed before the platform restarted: sign it again',
        );
      }
      if (!isEarly && this.early.has(key)) this.refuseReplay();
      try {
        await this.create(`${incarnation.prefix}.${key}`);
        break;
      } catch (error) {
        if (error instanceof JetStreamApiError && error.code === WRONG_LAST_SEQUENCE) this.refuseReplay();
        this.known = undefined;
        // Nobody listens there: the bucket was lost and may be made again, once.
        if (attempt === 0 && isNobodyListening(error)) continue;
        this.unavailable(error);
      }
    }
    if (isEarly) this.early.remember(key, signature.timestampNs, nowNs);
  }

  private async create(subject: string): Promise<void> {
    await this.js.publish(subject, '', { expect: { lastSubjectSequence: 0 }, timeout: STORE_TIMEOUT_MS });
  }

  private incarnation(): Promise<Incarnation> {
    this.known ??= this.bind().catch((error: unknown) => {
      this.known = undefined;
      throw error;
    });
    return this.known;
  }

  /** Nobody waits for the store's answer while it cannot come. */
  private assertConnected(): void {
    if (!this.isUp()) throw new Error('the bus is not connected');
  }

  private async bind(): Promise<Incarnation> {
    this.assertConnected();
    const { name, ttlSeconds } = buckets.nonces;
    const manager = await jetstreamManager(this.connection, { checkAPI: false, timeout: STORE_TIMEOUT_MS });
    const madeAtMs = nsToMs(this.clock());
    const info = await ensureBucket(manager, {
      name,
      ttlSeconds,
      replicas: this.replicas,
      subject: `$KV.${name}.${madeAtMs}-${randomBytes(6).toString('hex')}.>`,
    });
    const prefix = (info.config.subjects[0] ?? '').replace(/\.>$/, '');
    const stampedMs = Number(/\.(\d+)-[0-9a-f]+$/.exec(prefix)?.[1] ?? Number.NaN);
    if (Number.isNaN(stampedMs)) throw new Error(`the bucket ${name} was not made by a gateway: delete it`);
    // Broker and gateways may have clocks of their own: the later one counts.
    const sinceMs = Math.max(stampedMs, Date.parse(info.created));
    this.logger.info({ bucket: prefix, sinceMs }, 'nonces are remembered here');
    const incarnation = { prefix, sinceNs: BigInt(sinceMs) * NS_PER_MS };
    await this.early.load(manager, this.clock());
    return incarnation;
  }

  private refuseReplay(): never {
    this.onRefused('replayed');
    throw new Refusal('UNAUTHENTICATED', 'SIGNATURE_REPLAYED', 'Nonce already used (replay attack)');
  }

  private async orUnavailable<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      return this.unavailable(error);
    }
  }

  private unavailable(error: unknown): never {
    this.onRefused('store-down');
    this.logger.warn({ error }, 'the nonce store does not answer');
    throw new Refusal(
      'UNAVAILABLE',
      'SERVICE_UNAVAILABLE',
      'Signed requests cannot be checked at the moment',
      { cause: error },
    );
  }
}
