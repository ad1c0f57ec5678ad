import { type ConsumerDeclaration, consumers, consumersOf, type StreamName } from '@decent-cloud/messages';
import { outboxLag } from '@decent-cloud/outbox';
import type { JetStreamManager } from '@nats-io/jetstream';
import type { ServiceCore } from './service.ts';

/** Gauges of every service: how far its outbox and its consumer are behind. */
export function observeService(core: ServiceCore, manager: JetStreamManager, name: string): void {
  const { metrics, database, logger } = core;
  const onError = (error: unknown) => logger.warn({ error }, 'a gauge could not be read');
  metrics.observe(
    'dc_outbox_unsent',
    'Outbox rows that wait for the relay',
    [],
    async () => [{ value: (await outboxLag(database)).unsent }],
    onError,
  );
  metrics.observe(
    'dc_outbox_oldest_unsent_seconds',
    'Age of the oldest outbox row that waits',
    [],
    async () => [{ value: (await outboxLag(database)).oldestSeconds }],
    onError,
  );
  observeLost(core, manager, name);
  const own = Object.values(consumers).filter(({ durable }) => durable === name);
  if (own.length === 0) return;
  metrics.observe(
    'dc_consumer_messages',
    'Messages of the durable consumer: pending (not delivered yet) and unacked (in hand)',
    ['consumer', 'state'],
    async () => {
      const values = await Promise.all(
        own.map(async ({ stream, durable }) => {
          const info = await manager.consumers.info(stream, durable);
          return [
            { labels: { consumer: durable, state: 'pending' }, value: info.num_pending },
            { labels: { consumer: durable, state: 'unacked' }, value: info.num_ack_pending },
          ];
        }),
      );
      return values.flat();
    },
    onError,
  );
}

/** What is not going to be worked on: neither pending nor in hand, so no other gauge shows it. */
function observeLost({ metrics, logger }: ServiceCore, manager: JetStreamManager, name: string): void {
  const own = consumersOf(name);
  if (own.length === 0) return;
  const observeStored = (
    metric: string,
    help: string,
    stream: StreamName,
    filterOf: (consumer: ConsumerDeclaration) => string,
  ) =>
    metrics.observe(
      metric,
      help,
      ['consumer'],
      () =>
        Promise.all(
          own.map(async (consumer) => ({
            labels: { consumer: consumer.durable },
            value: await countStored(manager, stream, filterOf(consumer)),
          })),
        ),
      (error) => logger.warn({ error }, 'a gauge could not be read'),
    );
  observeStored(
    'dc_dead_letters',
    'Messages in the dead-letter stream, by the consumer that could not process them',
    'DEAD_LETTERS',
    ({ durable }) => `dlq.${durable}.>`,
  );
  observeStored(
    'dc_messages_abandoned',
    'Messages that the broker will not deliver again although nobody settled them',
    'ADVISORIES',
    ({ stream, durable }) => `$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.${stream}.${durable}`,
  );
}

async function countStored(manager: JetStreamManager, stream: string, filter: string): Promise<number> {
  const { state } = await manager.streams.info(stream, { subjects_filter: filter });
  return Object.values(state.subjects ?? {}).reduce((sum, count) => sum + count, 0);
}
