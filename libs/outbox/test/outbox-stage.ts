import { connectBus, ensureStream } from '@decent-cloud/bus';
import type { StreamDeclaration } from '@decent-cloud/messages';
import { Database } from '@decent-cloud/postgres';
import { createTestDatabase, startTestNats, type TestDatabase, type TestNats } from '@decent-cloud/testing';
import { type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { messagingMigrationsDir, OutboxRelay, type RelayOptions } from '../src/index.ts';

interface StageOptions {
  readonly streams: readonly StreamDeclaration[];
  readonly maxConnections?: number;
  /** Of every relay that says nothing else. */
  readonly relays?: Partial<RelayOptions>;
}

/** A database with an outbox, a broker with streams, and relays between them. */
export class OutboxStage {
  nats!: TestNats;
  testDatabase!: TestDatabase;
  database!: Database;
  connection!: NatsConnection;
  manager!: JetStreamManager;
  /** What relays could not do. */
  readonly troubles: unknown[] = [];
  private readonly relays: OutboxRelay[] = [];

  private constructor(private readonly options: StageOptions) {}

  /** Runs from before the first test of the file to after the last. */
  static forFile(options: StageOptions): OutboxStage {
    const stage = new OutboxStage(options);
    beforeAll(() => stage.start(), 60_000);
    afterAll(() => stage.stop());
    return stage;
  }

  /** Begins anew for each test. */
  static forEachTest(options: StageOptions): OutboxStage {
    const stage = new OutboxStage(options);
    beforeEach(() => stage.start());
    afterEach(() => stage.stop());
    return stage;
  }

  makeRelay(options: Partial<RelayOptions> = {}): OutboxRelay {
    const { database, manager, connection } = this;
    return new OutboxRelay({
      database,
      jetstream: jetstream(connection),
      manager,
      onError: (error) => this.troubles.push(error),
      ...this.options.relays,
      ...options,
    });
  }

  startRelay(options: Partial<RelayOptions> = {}): OutboxRelay {
    const relay = this.makeRelay(options);
    relay.start();
    this.relays.push(relay);
    return relay;
  }

  private async start(): Promise<void> {
    const { streams, maxConnections = 20 } = this.options;
    [this.nats, this.testDatabase] = await Promise.all([
      startTestNats(),
      createTestDatabase({ migrationsDir: messagingMigrationsDir }),
    ]);
    this.database = new Database({
      connectionString: this.testDatabase.url,
      applicationName: 'test',
      maxConnections,
    });
    this.connection = await connectBus({ servers: this.nats.url, name: 'test' });
    this.manager = await jetstreamManager(this.connection);
    for (const stream of streams) await ensureStream(this.manager, stream);
  }

  private async stop(): Promise<void> {
    for (const relay of this.relays.splice(0)) await relay.stop();
    await this.connection?.close();
    await this.database?.close();
    await this.testDatabase?.drop();
    await this.nats?.stop();
    this.troubles.length = 0;
  }
}
