import { crash } from '@decent-cloud/kernel';
import type { NatsConnection } from '@nats-io/transport-node';

/** Runs an act with its crash points; a repeat is what comes when the message is delivered once more. */
export async function actWithPoints(act: string, work: () => Promise<void>): Promise<void> {
  await (crash.points?.within(act, work) ?? work());
  if (crash.points?.pass(`${act}:after-commit`)) await crash.points.within(act, work);
}

/** Once the broker has the acknowledgement. */
export async function passAfterAck(connection: NatsConnection, act: string): Promise<void> {
  if (connection.isClosed()) return;
  await connection.flush();
  crash.points?.pass(`${act}:after-ack`);
}
