import { crash, Refusal } from '@decent-cloud/kernel';
import { INBOXES, ownerOf } from '@decent-cloud/messages';
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { ServerNats } from '@nestjs/microservices';
import type { Admitted, Door } from './door.ts';

/** The verb runner answers every outcome itself; Nest has logged what got past it. */
const FAULT = '{"fault":{"requestId":"-"}}';

/** Requests to one service are shared by its replicas. */
const queueOf = (subject: string): string => subject.split('.')[1] ?? 'services';

/**
 * Nest's NATS transport on the connection that the service already has, with exact integers.
 * Closing stops taking requests and waits for those in hand; the connection stays open for the rest of the shutdown.
 */
export class BusServer extends ServerNats {
  private readonly open: Subscription[] = [];
  private inHand = 0;

  constructor(
    private readonly connection: NatsConnection,
    private readonly drainMs: number,
    door: Door,
  ) {
    super({
      serializer: {
        serialize: ({ response, err }: { response?: unknown; err?: unknown }) => ({
          data: err === undefined ? String(response ?? '') : FAULT,
        }),
      },
      // Without an id Nest takes a message for an event and never answers.
      deserializer: {
        deserialize: (message: Msg) => ({
          pattern: message.subject,
          data: admitted(door, message),
          id: message.reply ?? '-',
        }),
      },
    } as unknown as ConstructorParameters<typeof ServerNats>[0]);
  }

  override async createNatsClient(): Promise<NatsConnection> {
    return this.connection;
  }

  override async handleStatusUpdates(): Promise<void> {
    // The owner of the connection reports its state.
  }

  /** Subjects are patterns as they are; Nest would try to read each one as JSON, for every message. */
  override getRouteFromPattern(subject: string): string {
    return subject;
  }

  override bindEvents(client: NatsConnection): void {
    for (const subject of this.messageHandlers.keys()) {
      const handler = this.getMessageHandler(subject);
      this.open.push(
        client.subscribe(subject, {
          queue: queueOf(subject),
          callback: (error, message) => {
            if (!error && !wantsAnswer(message)) return this.logger.warn(`no inbox to answer ${subject} to`);
            this.inHand++;
            void Promise.resolve(handler(error, message)).finally(() => {
              this.inHand--;
              if (crash.points) void this.passAfterReply(subject);
            });
          },
        }),
      );
    }
  }

  /** The reply is handed over in the next tick; the flush comes back when the broker has it. */
  private async passAfterReply(subject: string): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.connection.isClosed()) return;
    await this.connection.flush();
    crash.points?.pass(`${ownerOf(subject)}:${subject}:after-reply`);
  }

  override async close(): Promise<void> {
    for (const subscription of this.open) subscription.unsubscribe();
    const deadlineMs = performance.now() + this.drainMs;
    while (this.inHand > 0 && performance.now() < deadlineMs)
      await new Promise((resolve) => setTimeout(resolve, 10));
    await this.connection.flush().catch(() => undefined);
  }
}

/**
 * Answers go to inboxes only. Whoever asks names the place, and this service may say things there that the asking one may
 * not: at the broker's API, or as a fact.
 */
export const wantsAnswer = ({ reply }: Msg): boolean => reply?.startsWith(INBOXES) === true;

/** A refusal is answered by the verb runner, like all others. */
function admitted(door: Door, message: Msg): Admitted | Refusal {
  try {
    return door.admit(message);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
