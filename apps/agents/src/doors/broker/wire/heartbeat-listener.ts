import { agentSubjects } from '@decent-cloud/messages';
import { Bus, LOGGER, type Logger, SETTINGS } from '@decent-cloud/runtime';
import type { Subscription } from '@nats-io/transport-node';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { AgentsSettings } from '../../../settings.ts';
import { Heartbeats } from './heartbeats.ts';

/** Hears agents beat over the broker, each beat in one replica, and has them written from time to time. */
@Injectable()
export class HeartbeatListener implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private subscription: Subscription | undefined;
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> = Promise.resolve();

  constructor(
    private readonly bus: Bus,
    private readonly heartbeats: Heartbeats,
    @Inject(SETTINGS) private readonly settings: AgentsSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.subscription = this.bus.connection.subscribe(agentSubjects.heartbeat('*'), {
      queue: 'agents',
      callback: (error, message) => {
        if (error) this.logger.warn({ error }, 'heartbeats are not heard');
        else void this.heartbeats.hear(message.subject, message.string());
      },
    });
    this.timer = setInterval(() => {
      this.flushing = this.flushing.then(() => this.heartbeats.flush());
    }, this.settings.HEARTBEAT_FLUSH_SECONDS * 1_000);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.subscription?.unsubscribe();
    clearInterval(this.timer);
    await this.flushing;
    await this.heartbeats.flush();
  }
}
