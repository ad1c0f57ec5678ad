import { makeStream } from '@decent-cloud/bus';
import { PROBE_KEPT_SECONDS, probeOf, type StreamName, streams } from '@decent-cloud/messages';
import { type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { errors, type NatsConnection } from '@nats-io/transport-node';
import type { StreamProbe } from './stream-watch.ts';

const STREAMS_OF_EVERY_SERVICE: readonly StreamName[] = ['FACTS', 'DEAD_LETTERS', 'ADVISORIES'];
const PROBE_TIMEOUT_MS = 3_000;

function isNobodyListening(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof errors.NoRespondersError) return true;
    if (cause instanceof errors.RequestError && cause.isNoResponders()) return true;
  }
  return false;
}

/** The streams that a service needs: it makes those that are gone. Start-up alone changes them. */
export class OwnStreams {
  private readonly names: readonly StreamName[];

  private constructor(
    private readonly connection: NatsConnection,
    readonly manager: JetStreamManager,
    private readonly replicas: number,
    more: readonly StreamName[],
  ) {
    this.names = [...STREAMS_OF_EVERY_SERVICE, ...more];
  }

  static async open(
    connection: NatsConnection,
    replicas: number,
    more: readonly StreamName[] = [],
  ): Promise<OwnStreams> {
    const own = new OwnStreams(connection, await jetstreamManager(connection), replicas, more);
    await own.ensure();
    return own;
  }

  /** Makes those that are gone again. */
  async ensure(): Promise<void> {
    for (const name of this.names) await makeStream(this.manager, streams[name], this.replicas);
  }

  get probes(): readonly StreamProbe[] {
    return this.names.map((stream) => ({ stream, write: () => this.probe(stream) }));
  }

  private async probe(stream: StreamName): Promise<void> {
    try {
      await this.write(stream);
    } catch (error) {
      if (!isNobodyListening(error)) throw error;
      // It is gone.
      await this.ensure();
      await this.write(stream);
    }
  }

  private async write(stream: StreamName): Promise<void> {
    const ttl = `${PROBE_KEPT_SECONDS}s`;
    await jetstream(this.connection).publish(probeOf(stream), '', { timeout: PROBE_TIMEOUT_MS, ttl });
  }
}
