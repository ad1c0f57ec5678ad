import { DurableReader, traceOf, type Verdict } from '@decent-cloud/bus';
import { type Clock, crash } from '@decent-cloud/kernel';
import { type AgentEvent, agentEvent, consumers } from '@decent-cloud/messages';
import { attemptsIn, receiveOnce } from '@decent-cloud/outbox';
import { Database, isDatabaseUnavailable } from '@decent-cloud/postgres';
import {
  actWithPoints,
  Bus,
  CLOCK,
  ClockWatch,
  isClockWrong,
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
import { AgentEventHandler } from '../../../coordination/events/agent-event-handler.ts';
import { accountOf, believe, DisbelievedError } from '../../../registry/agent/signed-by-agent.ts';
import { AgentWireMetrics } from './agent-wire-metrics.ts';
import { KnownAgents } from './known-agents.ts';

const CONSUMER = consumers['agent-events'];
/** Enough to see what it was: whoever sends what is not believed gets no room for it. */
const KEPT_OF_DISBELIEVED = 4_096;

/** Reads the events of agents: believed by signature, once in effect, otherwise dead-lettered with the reason. */
@Injectable()
export class AgentEvents implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private reader: DurableReader | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly database: Database,
    private readonly events: AgentEventHandler,
    private readonly agents: KnownAgents,
    private readonly wire: AgentWireMetrics,
    private readonly metrics: Metrics,
    @Inject(CLOCK) private readonly clock: Clock,
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
      withRequestId(`${message.info.stream}:${message.seq}`, () => this.verdictOn(message)),
    );
  }

  /** Events that name no process are of an older version, and were kept by the agent since. @throws DisbelievedError */
  private async assertInTurn({ agentPublicKey, instanceId }: AgentEvent, now: bigint): Promise<void> {
    if (instanceId === undefined) return;
    if (await this.agents.isAtWork(agentPublicKey, instanceId, now)) return;
    if (await this.agents.spokeInTurn(agentPublicKey, instanceId)) return;
    throw new DisbelievedError(
      'other-instance',
      `${instanceId} does not act as ${agentPublicKey} (any more)`,
    );
  }

  private async verdictOn(message: JsMsg): Promise<Verdict> {
    try {
      const now = this.clock();
      const event = await believe(agentEvent, message.string(), accountOf(message.subject), (key) =>
        this.agents.fresh(key, now),
      );
      await this.assertInTurn(event, now);
      const act = () =>
        this.database.transaction(async (sql) => {
          // Named by its agent too: nobody can use up the id of another one's event.
          if (!(await receiveOnce(sql, CONSUMER.durable, `${event.agentPublicKey}:${event.eventId}`))) return;
          await this.events.apply(sql, event, now);
        });
      if (crash.points) await actWithPoints(`agents:event:${event.kind}`, act);
      else await act();
      this.wire.events.inc({ kind: event.kind });
      return { verdict: 'done' };
    } catch (error) {
      if (error instanceof DisbelievedError) {
        this.wire.disbelieved.inc({ channel: 'event', reason: error.reason });
        return { verdict: 'dead', error, keepBytes: KEPT_OF_DISBELIEVED };
      }
      return { verdict: isDatabaseUnavailable(error) || isClockWrong(error) ? 'pause' : 'retry', error };
    }
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
