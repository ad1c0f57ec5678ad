import { randomBytes } from 'node:crypto';
import { uuidV7 } from '@decent-cloud/kernel';
import {
  type Answer,
  type Caller,
  type CallInput,
  type Input,
  type RequestDeclaration,
  requests,
} from '@decent-cloud/messages';
import { createOffering, type offeringRequest, searchOfferings } from '@decent-cloud/messages/offerings';
import { type RunningService, startService } from '@decent-cloud/runtime';
import {
  ANY_SERVICE,
  askAs,
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
const SERVICE: Caller = ANY_SERVICE;

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
  private constructor(
    readonly nats: TestNats,
    readonly db: TestDatabase,
  ) {}
  service!: RunningService;

  static async start(): Promise<RunningOfferings> {
    const [nats, db] = await Promise.all([startTestNats(), createTestDatabase()]);
    const running = new RunningOfferings(nats, db);
    running.service = await startService(offeringsService, {
      env: {
        DATABASE_URL: db.url,
        NATS_URL: nats.url,
        SERVICE_KEYS: serviceKeysFor('offerings'),
        ENVIRONMENT: 'test',
        OPS_PORT: '0',
        LOG_LEVEL: 'silent',
        PUBLISH_SCHEDULED_INTERVAL_SECS: '3600',
        DROP_OLD_HOLDS_INTERVAL_SECONDS: '3600',
      },
      clock: () => running.now,
      handleSignals: false,
    });
    return running;
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await this.db.drop();
    await this.nats.stop();
  }

  get connection() {
    return this.service.bus.connection;
  }

  ask<const D extends RequestDeclaration>(
    declaration: D,
    input: CallInput<D>,
    caller: Caller = SERVICE,
    idempotencyKey?: string,
  ): Promise<Answer<D>> {
    return askAs(this.connection, declaration, input, {
      caller,
      requestId: 'r1',
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
  }

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
