import type { ConsumerDeclaration, StreamDeclaration } from '@decent-cloud/messages';
import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';

const NS_PER_SECOND = 1_000_000_000;
const STREAM_NOT_FOUND = 10_059;
const STREAM_EXISTS = 10_058;

function isApiError(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code;
}

/**
 * Makes the stream as declared, or brings an existing one in line. For start-up, which alone may change streams; safe to
 * run twice at once.
 */
export async function ensureStream(
  manager: JetStreamManager,
  stream: StreamDeclaration,
  replicas = 1,
): Promise<void> {
  try {
    await manager.streams.update(stream.name, configOf(stream, replicas));
  } catch (error) {
    if (!isApiError(error, STREAM_NOT_FOUND)) throw error;
    await makeStream(manager, stream, replicas);
  }
}

/** Makes the stream as declared when it is not there; one that is there stays as it is. */
export async function makeStream(
  manager: JetStreamManager,
  stream: StreamDeclaration,
  replicas = 1,
): Promise<void> {
  try {
    await manager.streams.add(configOf(stream, replicas));
  } catch (error) {
    if (!isApiError(error, STREAM_EXISTS)) throw error;
  }
}

function configOf(stream: StreamDeclaration, replicas: number) {
  return {
    name: stream.name,
    subjects: [...stream.subjects],
    retention: stream.retention === 'workqueue' ? RetentionPolicy.Workqueue : RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: stream.perSubject?.beyond === 'refused' ? DiscardPolicy.New : DiscardPolicy.Old,
    discard_new_per_subject: stream.perSubject?.beyond === 'refused',
    max_msgs_per_subject: stream.perSubject?.messages ?? -1,
    max_msg_size: stream.maxMessageBytes ?? -1,
    ...(stream.keptAs && { subject_transform: { src: stream.keptAs.from, dest: stream.keptAs.to } }),
    max_age: stream.maxAgeSeconds * NS_PER_SECOND,
    max_bytes: stream.maxBytes,
    duplicate_window: stream.duplicateWindowSeconds * NS_PER_SECOND,
    num_replicas: replicas,
    allow_msg_ttl: true,
  };
}

/** Makes the durable consumer as declared, or brings an existing one in line. */
export async function ensureConsumer(
  manager: JetStreamManager,
  consumer: ConsumerDeclaration,
): Promise<void> {
  await manager.consumers.add(consumer.stream, {
    durable_name: consumer.durable,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    filter_subjects: [...consumer.filterSubjects],
    ack_wait: consumer.ackWaitSeconds * NS_PER_SECOND,
    max_ack_pending: consumer.maxAckPending,
    max_deliver: consumer.maxDeliver,
  });
}
