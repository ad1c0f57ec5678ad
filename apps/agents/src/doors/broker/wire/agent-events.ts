import type { Verdict } from '@decent-cloud/bus';
import { type Clock, crash } from '@decent-cloud/kernel';
import { type AgentEvent, agentEvent, consumers } from '@decent-cloud/messages';
import { receiveOnce } from '@decent-cloud/outbox';
import { Database, isDatabaseUnavailable } from '@decent-cloud/postgres';
import { actWithPoints, CLOCK, isClockWrong } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { AgentEventHandler } from '../../../coordination/events/agent-event-handler.ts';
import { accountOf, DisbelievedError, SignedByAgent } from '../../../registry/agent/signed-by-agent.ts';
import { AgentWireMetrics } from './agent-wire-metrics.ts';
import { KnownAgents } from './known-agents.ts';

const CONSUMER = consumers['agent-events'];
/** Enough to see what it was: whoever sends what is not believed gets no room for it. */
const KEPT_OF_DISBELIEVED = 4_096;

/** What becomes of the events of agents: believed by signature, once in effect, otherwise dead-lettered with the reason. */
@Injectable()
export class AgentEvents {
  constructor(
    private readonly database: Database,
    private readonly events: AgentEventHandler,
    private readonly agents: KnownAgents,
    private readonly signed: SignedByAgent,
    private readonly wire: AgentWireMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async hear(subject: string, text: string): Promise<Verdict> {
    try {
      const now = this.clock();
      const event = await this.signed.believe(agentEvent, text, accountOf(subject), (key) =>
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
}
