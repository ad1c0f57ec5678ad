import { DurableReader, traceOf, type Verdict } from '@decent-cloud/bus';
import { crash } from '@decent-cloud/kernel';
import { consumers } from '@decent-cloud/messages';
import { attemptsIn } from '@decent-cloud/outbox';
import { Database } from '@decent-cloud/postgres';
import {
  Bus,
  ClockWatch,
  LOGGER,
  type Logger,
  Metrics,
  passAfterAck,
  withRequestId,
} from '@decent-cloud/runtime';
import type { JsMsg } from '@nats-io/jetstream';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { context } from '@opentelemetry/api';
import { AgentEvents } from './agent-events.ts';

const CONSUMER = consumers['agent-events'];

/** Reads the events of agents from the broker and tells it what became of each. */
@Injectable()
export class AgentEventReader implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private reader: DurableReader | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly database: Database,
    private readonly events: AgentEvents,
    private readonly metrics: Metrics,
    private readonly clockWatch: ClockWatch,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.reader = new DurableReader({
      connection: this.bus.connection,
      declaration: CONSUMER,
      handle: (message) => this.handle(message),
      isHeld: () => !this.clockWatch.isTrusted(),
      attempts: attemptsIn(this.database, CONSUMER.durable),
      onSettled: (verdict, message) => {
        this.metrics.factsHandled.inc({ consumer: CONSUMER.durable, verdict });
        if (crash.points) void passAfterAck(this.bus.connection, `agents:event:${kindOf(message)}`);
      },
      onTrouble: (error, doing, message) =>
        this.logger.warn(
          { error, subject: message?.subject, deliveries: message?.info.deliveryCount },
          doing,
        ),
    });
    this.reader.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.reader?.stop();
  }

  private handle(message: JsMsg): Promise<Verdict> {
    return context.with(traceOf(message.headers), () =>
      withRequestId(`${message.info.stream}:${message.seq}`, () =>
        this.events.hear(message.subject, message.string()),
      ),
    );
  }
}

/** Of a message that may be anything. */
function kindOf(message: JsMsg): string {
  try {
    return String(message.json<{ kind?: unknown }>().kind);
  } catch (error) {
    if (error instanceof SyntaxError) return 'none';
    throw error;
  }
}
