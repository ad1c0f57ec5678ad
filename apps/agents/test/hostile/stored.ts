import { consumers } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import type { JetStreamManager } from '@nats-io/jetstream';

/** All that is stored, and who reads how far: `found` is that of others than `own`. */
export async function state(manager: JetStreamManager, own: string) {
  const found: Record<string, unknown> = {};
  let stored = 0;
  let ofOwn = 0;
  const names: string[] = [];
  for await (const name of manager.streams.names()) names.push(name);
  for (const name of names) {
    const info = await manager.streams.info(name, { subjects_filter: '>' });
    const mine = Object.entries(info.state.subjects ?? {}).filter(([subject]) => subject.includes(own));
    const many = mine.reduce((sum, [, count]) => sum + count, 0);
    found[name] = {
      last: info.state.last_seq - many,
      messages: info.state.messages - many,
      config: info.config,
    };
    stored += info.state.messages;
    ofOwn += many;
  }
  const readers: string[] = [];
  for (const stream of names) {
    for await (const { name, delivered, num_ack_pending, paused, config } of manager.consumers.list(stream)) {
      if (name === own) continue;
      // It reads what agents report, also this one's own: how far it is tells nothing about attacks.
      const progress = name === consumers['agent-events'].durable ? [] : [delivered, num_ack_pending];
      readers.push(JSON.stringify([stream, name, ...progress, paused, config]));
    }
  }
  return {
    found: { ...found, consumers: readers.sort(), names: names.sort() },
    streams: names.length,
    stored,
    ofOwn,
  };
}

/** Streams write behind: until nothing more comes. */
export async function allIsStored(manager: JetStreamManager): Promise<void> {
  let last = '';
  let same = 0;
  await eventually(
    async () => {
      const lastOnes: number[] = [];
      for await (const { state } of manager.streams.list()) lastOnes.push(state.last_seq);
      const now = lastOnes.sort().join();
      same = now === last ? same + 1 : 0;
      last = now;
      return same === 4;
    },
    { deadlineMs: 120_000, everyMs: 400 },
  );
}
