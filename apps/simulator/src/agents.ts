import {
  type AgentEvent,
  type AgentHeartbeat,
  agentSubjects,
  consumers,
  type DesiredSnapshot,
  SNAPSHOT_METHOD,
} from '@decent-cloud/messages';
import type { AgentEventHandler } from '../../agents/src/coordination/events/agent-event-handler.ts';
import type { AgentWireMetrics } from '../../agents/src/doors/broker/wire/agent-wire-metrics.ts';
import type { AgentsSettings } from '../../agents/src/settings.ts';
import { AgentsTables } from './agents-tables.ts';
import { AssignmentsInMemory } from './assignments-in-memory.ts';
import { unavailable } from './bus.ts';
import { coordinatorFlows } from './coordinator-flows.ts';
import { type Flows, realFlows } from './flows.ts';
import { awaited, type Process, SECOND } from './kernel.ts';
import type { Parts } from './parts.ts';
import type { Message, Verdict } from './reader.ts';
import { Service, type Surroundings } from './service.ts';
import { standIn } from './stand-in.ts';

/** As in the real service, but shorter where agents are waited for. What is left out here, no flow reads. */
const SETTINGS = {
  AGENT_WAIT_SECONDS: 120,
  CLAIM_TIMEOUT_SECONDS: 30,
  AGENT_TAKEOVER_SECONDS: 60,
  REMOVAL_REPEAT_SECONDS: 15,
  LOST_AFTER_SECONDS: 300,
  ALL_LOST_AFTER_SECONDS: 900,
  COORDINATOR_EVERY_SECONDS: 2,
  HEARTBEAT_FLUSH_SECONDS: 2,
} as AgentsSettings;

/** The real service of coordinator and agents' wire, over tables in memory. */
export class Agents extends Service {
  readonly rows = new AgentsTables();
  /** Events that were not believed, by reason. */
  readonly disbelieved = new Map<string, number>();
  /** Told of every event of an agent that took effect. */
  onBelieved: (event: AgentEvent) => void = () => undefined;
  private readonly assignments: AssignmentsInMemory;
  private door!: Pick<ReturnType<typeof coordinatorFlows>, 'events' | 'heartbeats' | 'snapshots'>;

  constructor(
    around: Surroundings,
    skewUs: number,
    private readonly parts: Parts['agents'],
  ) {
    super('agents', skewUs, around);
    this.assignments = new AssignmentsInMemory(this.database, this.rows, (outcome) => {
      if (outcome === 'lost') around.recorder.seen('machine made again');
    });
    this.readFacts('agents');
    around.broker.addReader({
      ...consumers['agent-events'],
      node: this,
      isConnected: () => true,
      wants: () => true,
      handle: (message) => this.hear(message),
      doing: ({ subject }) => `agents on event ${subject.split('.')[4]}`,
    });
  }

  protected flows(): Flows {
    const { parts, database, rows: tables, assignments, logger, wire } = this;
    const { all, ...door } = coordinatorFlows({
      ...{ parts, database, tables, assignments, logger, wire, settings: SETTINGS },
      clock: () => this.now,
      watched: (handler) => this.watched(handler),
    });
    this.door = door;
    return realFlows(all, SETTINGS);
  }

  override boot(): void {
    super.boot();
    this.around.kernel.launch(this, 'write heartbeats', this.writeHeartbeats());
  }

  hearHeartbeat(account: string, beat: AgentHeartbeat): void {
    const subject = agentSubjects.heartbeat(account);
    const hear = () => this.door.heartbeats.hear(subject, JSON.stringify(beat));
    this.around.kernel.launch(this, 'hear heartbeat', hear);
  }

  /** Everything that an agent shall have. @throws Refusal UNAVAILABLE when it gets no answer */
  *snapshot(account: string, request: object): Process<DesiredSnapshot> {
    const subject = agentSubjects.rpc(account, SNAPSHOT_METHOD);
    const snapshot = yield* awaited(this.door.snapshots.answer(subject, JSON.stringify(request)));
    if (!snapshot) throw unavailable(this);
    return snapshot;
  }

  private *writeHeartbeats(): Process {
    for (;;) {
      yield SETTINGS.HEARTBEAT_FLUSH_SECONDS * SECOND;
      yield* awaited(this.door.heartbeats.flush());
    }
  }

  private *hear({ subject, body }: Message): Process<Verdict> {
    const verdict = yield* awaited(this.door.events.hear(subject, JSON.stringify(body)));
    if (verdict.verdict === 'retry') this.around.kernel.report(verdict.error, `agents on ${subject}`);
    return verdict;
  }

  private watched(handler: AgentEventHandler): AgentEventHandler {
    return standIn<AgentEventHandler>({
      apply: async (sql, event, now) => {
        this.noteSights(event);
        await handler.apply(sql, event, now);
        this.onBelieved(event);
      },
    });
  }

  private noteSights(event: AgentEvent): void {
    if (event.kind === 'observed') return;
    const { contractId, generation, agentPublicKey } = event;
    const machine = this.rows.machinesOf(contractId).find((one) => one.generation === generation);
    if (machine?.agentPublicKey !== agentPublicKey) return;
    const { recorder } = this.around;
    const newest = this.rows.assignments.get(contractId)?.generation ?? 0;
    if (generation < newest) recorder.seen('event of an old generation');
    if (machine.desired === 'absent') recorder.seen('event about a machine that is to go');
  }

  private get wire(): AgentWireMetrics {
    const none = { inc: () => undefined };
    const disbelieved = {
      inc: ({ channel, reason }: { channel: string; reason: string }) => {
        if (channel === 'event') this.disbelieved.set(reason, (this.disbelieved.get(reason) ?? 0) + 1);
      },
    };
    return { events: none, heartbeats: none, disbelieved } as unknown as AgentWireMetrics;
  }
}
