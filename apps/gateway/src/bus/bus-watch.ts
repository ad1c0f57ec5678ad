import { folded, upsAndDowns } from '@decent-cloud/kernel';
import type { Logger } from '@decent-cloud/runtime';
import type { NatsConnection } from '@nats-io/transport-node';

/** Knows whether the bus is there, so that nobody waits for it in vain. */
export class BusWatch {
  private up = true;

  constructor(
    private readonly connection: NatsConnection,
    private readonly logger: Logger,
    /** Not called again while it runs: what happens meanwhile is one further call. */
    onAgain: () => Promise<void>,
  ) {
    void this.watch(folded(onAgain));
  }

  readonly isUp = (): boolean => this.up && !this.connection.isClosed();

  /** @throws Error when the bus cannot be reached */
  async check(): Promise<void> {
    if (!this.isUp()) throw new Error('not connected');
    await this.connection.flush();
  }

  private async watch(onAgain: () => Promise<void>): Promise<void> {
    const changeBy = upsAndDowns();
    for await (const status of this.connection.status()) {
      const change = changeBy(status);
      if (change === 'down') {
        this.up = false;
        this.logger.warn('the bus is gone; reconnecting');
      } else if (change === 'up') {
        this.up = true;
        this.logger.info('the bus is back');
        onAgain().catch((error: unknown) => this.logger.warn({ error }, 'not all goes on with the bus'));
      } else if (status.type === 'error') {
        this.logger.warn({ error: status.error }, 'the bus says');
      }
    }
    this.up = false;
  }
}
