import type { Logger } from '@decent-cloud/runtime';
import type { NatsConnection } from '@nats-io/transport-node';

/** Knows whether the bus is there, so that nobody waits for it in vain. */
export class BusWatch {
  private up = true;

  constructor(
    private readonly connection: NatsConnection,
    private readonly logger: Logger,
    private readonly onAgain: () => void,
  ) {
    void this.watch();
  }

  readonly isUp = (): boolean => this.up && !this.connection.isClosed();

  /** @throws Error when the bus cannot be reached */
  async check(): Promise<void> {
    if (!this.isUp()) throw new Error('not connected');
    await this.connection.flush();
  }

  private async watch(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === 'disconnect') {
        this.up = false;
        this.logger.warn('the bus is gone; reconnecting');
      } else if (status.type === 'reconnect') {
        this.up = true;
        this.logger.info('the bus is back');
        this.onAgain();
      } else if (status.type === 'error') {
        this.logger.warn({ error: status.error }, 'the bus says');
      }
    }
    this.up = false;
  }
}
