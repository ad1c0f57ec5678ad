import { consumers } from '@decent-cloud/messages';
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
