import { agentSubjects, SNAPSHOT_METHOD } from '@decent-cloud/messages';
import { Bus, LOGGER, type Logger } from '@decent-cloud/runtime';
import type { Msg, Subscription } from '@nats-io/transport-node';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { Snapshots } from './snapshots.ts';

/** Answers agents that ask over the broker for all that they shall have. */
@Injectable()
export class SnapshotResponder implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private subscription: Subscription | undefined;
  private readonly inHand = new Set<Promise<void>>();

  constructor(
    private readonly bus: Bus,
    private readonly snapshots: Snapshots,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.subscription = this.bus.connection.subscribe(agentSubjects.rpc('*', SNAPSHOT_METHOD), {
      queue: 'agents',
      callback: (error, message) => {
        if (error) return this.logger.warn({ error }, 'requests for snapshots are not heard');
        const work = this.answer(message).finally(() => this.inHand.delete(work));
        this.inHand.add(work);
      },
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.subscription?.unsubscribe();
    await Promise.all(this.inHand);
  }

  private async answer(message: Msg): Promise<void> {
    try {
      const snapshot = await this.snapshots.answer(message.subject, message.string());
      if (snapshot) message.respond(JSON.stringify(snapshot));
    } catch (error) {
      this.logger.warn({ error }, 'a snapshot could not be sent; the agent asks again');
    }
  }
}
