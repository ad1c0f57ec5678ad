import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  StorageType,
  type StreamInfo,
} from '@nats-io/jetstream';

const NS_PER_SECOND = 1_000_000_000;
const STREAM_NOT_FOUND = 10_059;
const STREAM_EXISTS = 10_058;

export const isStreamNotFound = (error: unknown): boolean =>
  error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND;

export interface BucketOptions {
  readonly name: string;
  readonly ttlSeconds: number;
  readonly replicas: number;
  /** What the bucket listens to, if a new one has to be made. */
  readonly subject: string;
  /** In memory unless told otherwise. */
  readonly storage?: StorageType;
  /** A full bucket takes nothing more. */
  readonly maxBytes?: number;
}

/**
 * The stream behind a key-value bucket; made when it is not there. Several gateways may do this at once: all get the one
 * that stands in the end.
 */
export async function ensureBucket(manager: JetStreamManager, options: BucketOptions): Promise<StreamInfo> {
  const name = `KV_${options.name}`;
  try {
    return await manager.streams.info(name);
  } catch (error) {
    if (!isStreamNotFound(error)) throw error;
  }
  try {
    return await manager.streams.add({
      name,
      subjects: [options.subject],
      storage: options.storage ?? StorageType.Memory,
      max_age: options.ttlSeconds * NS_PER_SECOND,
      max_msgs_per_subject: 1,
      max_bytes: options.maxBytes ?? -1,
      duplicate_window: Math.min(options.ttlSeconds, 120) * NS_PER_SECOND,
      discard: DiscardPolicy.New,
      deny_delete: true,
      allow_rollup_hdrs: true,
      allow_direct: true,
      num_replicas: options.replicas,
    });
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== STREAM_EXISTS) throw error;
    return await manager.streams.info(name);
  }
}
