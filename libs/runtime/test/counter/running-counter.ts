import { createTestDatabase, startTestNats, type TestDatabase, type TestNats } from '@decent-cloud/testing';
import { type RunningService, type StartOptions, startService } from '../../src/index.ts';
import { counterEnvironment } from './environment.ts';
import { counterService } from './service.ts';

/** A broker, a database, and replicas of the counter at them. */
export class RunningCounter {
  nats!: TestNats;
  database!: TestDatabase;
  /** The replica that runs from the beginning. */
  service!: RunningService;
  private readonly replicas: RunningService[] = [];

  /** Runs from before the first test of the file to after the last. */
  static forFile(broker: Parameters<typeof startTestNats>[0] = {}): RunningCounter {
    const counter = RunningCounter.withoutReplica(broker);
    beforeAll(async () => {
      counter.service = await counter.start();
    });
    return counter;
  }

  /** The same, but nothing runs until it is started. */
  static withoutReplica(broker: Parameters<typeof startTestNats>[0] = {}): RunningCounter {
    const counter = new RunningCounter();
    beforeAll(async () => {
      [counter.nats, counter.database] = await Promise.all([startTestNats(broker), createTestDatabase()]);
    });
    afterAll(() => counter.stop());
    return counter;
  }

  /** One replica more. */
  readonly start = async (options: Partial<StartOptions> = {}): Promise<RunningService> => {
    const replica = await startService(counterService, {
      env: counterEnvironment(this.database, this.nats),
      handleSignals: false,
      ...options,
    });
    this.replicas.push(replica);
    return replica;
  };

  private async stop(): Promise<void> {
    for (const replica of this.replicas) await replica.stop();
    await this.database?.drop();
    await this.nats?.stop();
  }
}
