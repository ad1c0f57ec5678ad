import { consumers, streams } from '@decent-cloud/messages';
import { Bus, type Sweep, Sweeps } from '@decent-cloud/runtime';
import { JetStreamApiError, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';

const NOT_FOUND: readonly number[] = [10_014, 10_059];

/**
 * Takes events that have been processed out of their stream, so that what counts against an agent's limit is what waits.
 * A message that comes again stays, and all after it.
 */
@Sweeps({ name: 'clear-processed', everySeconds: 1 })
export class ClearProcessed implements Sweep {
  private manager: JetStreamManager | undefined;
  private clearedUpTo = 0;

  constructor(private readonly bus: Bus) {}

  async sweep(): Promise<void> {
    const { durable, stream } = consumers['agent-events'];
    this.manager ??= await jetstreamManager(this.bus.connection);
    try {
      const { ack_floor: floor } = await this.manager.consumers.info(stream, durable);
      // A stream that was made anew counts from one again.
      if (floor.stream_seq === this.clearedUpTo) return;
      await this.manager.streams.purge(streams[stream].name, { seq: floor.stream_seq + 1 });
      this.clearedUpTo = floor.stream_seq;
    } catch (error) {
      // Whoever makes them again has not come to it yet.
      if (!(error instanceof JetStreamApiError && NOT_FOUND.includes(error.code))) throw error;
    }
  }
}
