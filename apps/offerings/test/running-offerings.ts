import { randomBytes } from 'node:crypto';
import { uuidV7 } from '@decent-cloud/kernel';
import { type Caller, type Input, requests } from '@decent-cloud/messages';
import { createOffering, type offeringRequest, searchOfferings } from '@decent-cloud/messages/offerings';
import { type RunningService, startService } from '@decent-cloud/runtime';
import {
  askerAt,
  createTestDatabase,
  serviceKeysFor,
  startTestNats,
  type TestDatabase,
  type TestNats,
} from '@decent-cloud/testing';
import { offeringsService } from '../src/service.ts';

export const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
export const NOW = 1_795_414_881_000_000_000n;
export const HOUR = 3_600_000_000_000n;
export const ANYBODY: Caller = { kind: 'anonymous' };

export type User = Caller & { kind: 'user' };
export const user = (): User => ({ kind: 'user', publicKey: hex(32), accountId: hex(16) });

export type Body = Input<typeof offeringRequest>;
let slugs = 0;
export const body = (changes: Partial<Body> = {}): Body => ({
  offering_id: `vps-${++slugs}`,
  offer_name: 'Small VPS',
  currency: 'USD',
  monthly_price: 7.2,
  setup_fee: 0,
  visibility: 'public',
  product_type: 'compute',
  billing_interval: 'monthly',
  billing_unit: 'month',
  stock_status: 'in_stock',
  unmetered_bandwidth: false,
  datacenter_country: 'DE',
  datacenter_city: 'Berlin',
  ...changes,
});

/** The offerings service in this process, on servers of its own; the clock stands still unless moved. */
export class RunningOfferings {
  now = NOW;
  nats!: TestNats;
  db!: TestDatabase;
  service!: RunningService;

  /** Runs from before the first test of the file, or of the `describe` that calls it, to after the last. */
  static forFile(): RunningOfferings {
    const running = new RunningOfferings();
    beforeAll(() => running.start(), 60_000);
    afterAll(() => running.stop());
    return running;
  }

  private async start(): Promise<void> {
    [this.nats, this.db] = await Promise.all([startTestNats(), createTestDatabase()]);
    this.service = await startService(offeringsService, {
      env: {
        DATABASE_URL: this.db.url,
        NATS_URL: this.nats.url,
        SERVICE_KEYS: serviceKeysFor('offerings'),
        ENVIRONMENT: 'test',
        OPS_PORT: '0',
        LOG_LEVEL: 'silent',
        PUBLISH_SCHEDULED_INTERVAL_SECS: '3600',
        DROP_OLD_HOLDS_INTERVAL_SECONDS: '3600',
      },
      clock: () => this.now,
      handleSignals: false,
    });
  }

  private async stop(): Promise<void> {
    await this.service?.stop();
    await this.db?.drop();
    await this.nats?.stop();
  }

  get connection() {
    return this.service.bus.connection;
  }

  readonly ask = askerAt(() => this.connection);

  create(owner: User, changes: Partial<Body> = {}, idempotencyKey?: string): Promise<bigint> {
    const input = { params: { pubkey: owner.publicKey }, body: body(changes) };
    return this.ask(createOffering, input, owner, idempotencyKey);
  }

  search(query: Input<typeof searchOfferings.query> = {}, caller: Caller = ANYBODY) {
    return this.ask(searchOfferings, { query }, caller);
  }

  hold(offeringDbId: bigint, changes: Partial<Input<typeof requests.holdStock.body>> = {}) {
    const input = {
      holdId: uuidV7(NOW),
      offeringDbId,
      renterPublicKey: hex(32),
      durationHours: 24,
      untilNs: this.now + HOUR,
      ...changes,
    };
    return this.ask(requests.holdStock, { body: input });
  }

  async living(offeringDbId: bigint): Promise<number> {
    const rows = await this.service.database.query(
      'select 1 from stock_hold where offering_db_id = $1 and released_at_ns is null',
      [offeringDbId],
    );
    return rows.length;
  }
}
