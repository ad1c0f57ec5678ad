import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { wantsAnswer } from './bus-server.ts';
import type { ClockWatch } from './clock-watch.ts';
import type { OpsServer } from './ops-server.ts';
import { VERSION } from './version.ts';

/** Tells whoever asks on the bus how this service is. */
export function answerPings(
  name: string,
  connection: NatsConnection,
  ops: OpsServer,
  clockWatch: ClockWatch,
): Subscription {
  /** What people may know: which checks fail, not how. */
  const answer = async (message: Msg): Promise<void> => {
    const failing = await ops.failing();
    // By this one others see whether theirs is right.
    const nowNs = failing.includes('clock') ? undefined : String(clockWatch.now());
    message.respond(JSON.stringify({ data: { version: VERSION, failing, nowNs } }));
  };
  return connection.subscribe(`req.${name}.v1.ping`, {
    queue: name,
    callback: (_error, message) => {
      if (wantsAnswer(message)) void answer(message);
    },
  });
}
