import { type Clock, secondsToNs } from '@decent-cloud/kernel';
import {
  agentSubjects,
  type DesiredMachine,
  type DesiredSnapshot,
  SNAPSHOT_METHOD,
  snapshotRequest,
} from '@decent-cloud/messages';
import { Database } from '@decent-cloud/postgres';
import { Bus, CLOCK, LOGGER, type Logger } from '@decent-cloud/runtime';
import type { Msg, Subscription } from '@nats-io/transport-node';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Assignment, Machine } from '../assignment/assignment.store.ts';
import { desiredAbsent, desiredRunning } from '../assignment/domain/next-step.ts';
import { AgentWireMetrics } from './agent-wire-metrics.ts';
import { FRESH_SECONDS } from './heartbeats.ts';
import { KnownAgents } from './known-agents.ts';
import { PlatformKey } from './platform-key.ts';
import { accountOf, believe, DisbelievedError } from './signed-by-agent.ts';

const MOST_MACHINES = 5_000;
/** So long an agent is told of another process with its key. */
const RIVAL_SECONDS = 3_600;

type Row = Pick<Machine, 'contractId' | 'generation' | 'desired'> &
  Pick<Assignment, 'deadlineNs' | 'endsAtNs' | 'spec' | 'encryptionPublicKeys'> & {
    readonly sshPort: number | null;
  };

/** As JSON brings it. */
type TextRow = Omit<Row, 'deadlineNs' | 'endsAtNs'> & {
  readonly deadlineNs: string;
  readonly endsAtNs: string | null;
};

/**
 * Answers agents that ask for all that they shall have. Not being listed is no order to remove anything, and machines
 * that the agent made while it polled are not listed while they shall run: it would make them a second time.
 */
@Injectable()
export class Snapshots implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private subscription: Subscription | undefined;
  private readonly inHand = new Set<Promise<void>>();

  constructor(
    private readonly bus: Bus,
    private readonly database: Database,
    private readonly agents: KnownAgents,
    private readonly platformKey: PlatformKey,
    private readonly wire: AgentWireMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.subscription = this.bus.connection.subscribe(agentSubjects.rpc('*', SNAPSHOT_METHOD), {
      queue: 'agents',
      callback: (error, message) => {
        if (error) return this.logger.warn({ error }, 'requests for snapshots are not heard');
        const work = this.answer(message).finally(() => this.inHand.delete(work));
        this.inHand.add(work);
      },
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.subscription?.unsubscribe();
    await Promise.all(this.inHand);
  }

  private async answer(message: Msg): Promise<void> {
    try {
      const now = this.clock();
      const { agentPublicKey, atNs, instanceId } = await believe(
        snapshotRequest,
        message.string(),
        accountOf(message.subject),
        (key) => this.agents.fresh(key, now),
      );
      if (now - BigInt(atNs) > secondsToNs(FRESH_SECONDS)) {
        this.wire.disbelieved.inc({ channel: 'rpc', reason: 'stale' });
        return;
      }
      if (instanceId !== undefined && !(await this.agents.isAtWork(agentPublicKey, instanceId, now))) {
        this.wire.disbelieved.inc({ channel: 'rpc', reason: 'other-instance' });
        return;
      }
      message.respond(JSON.stringify(await this.of(agentPublicKey, now)));
    } catch (error) {
      if (error instanceof DisbelievedError) {
        this.wire.disbelieved.inc({ channel: 'rpc', reason: error.reason });
      } else this.logger.warn({ error }, 'a snapshot could not be made; the agent asks again');
    }
  }

  /** Version and machines of one moment. What is to go comes first: that list must not be cut. */
  async of(agentPublicKey: string, now: bigint): Promise<DesiredSnapshot> {
    const [agent] = await this.database.query<{
      version: bigint;
      machines: string;
      rivalHost: string | null;
      rivalSeenNs: bigint | null;
    }>(
      `select a.desired_version as version, r.host as "rivalHost", r.seen_ns as "rivalSeenNs", (
         select coalesce(json_agg(json_build_object('contractId', contract_id, 'generation', generation,
             'desired', desired, 'deadlineNs', deadline_ns::text, 'endsAtNs', ends_at_ns::text, 'spec', spec,
             'encryptionPublicKeys', encryption_public_keys, 'sshPort', ssh_port)), '[]')::text
         from (select m.contract_id, m.generation, m.desired, s.deadline_ns, s.ends_at_ns, s.spec,
                 s.encryption_public_keys, (m.instance->>'sshPort')::int as ssh_port
               from machine m join assignment s using (contract_id)
               where m.agent_public_key = a.agent_public_key and m.state <> 'gone'
                 and (m.desired = 'absent' or not (m.made_by_polling or coalesce(m.lease_expires_at_ns, 0) > $3))
               order by m.desired, m.offered_at_ns desc limit $2) as listed) as machines
       from agent a left join agent_rival r on r.agent_public_key = a.agent_public_key and r.seen_ns > $4
       where a.agent_public_key = $1`,
      [agentPublicKey, MOST_MACHINES, now, now - secondsToNs(RIVAL_SECONDS)],
    );
    const rows = JSON.parse(agent?.machines ?? '[]') as TextRow[];
    return this.platformKey.sign({
      v: 1 as const,
      agentPublicKey,
      version: String(agent?.version ?? 0n),
      atNs: now.toString(),
      ...(agent?.rivalSeenNs != null && {
        rival: {
          ...(agent.rivalHost !== null && { host: agent.rivalHost }),
          seenAtNs: agent.rivalSeenNs.toString(),
        },
      }),
      machines: rows.map((row) =>
        desiredOf({
          ...row,
          deadlineNs: BigInt(row.deadlineNs),
          endsAtNs: row.endsAtNs === null ? null : BigInt(row.endsAtNs),
        }),
      ),
    });
  }
}

const desiredOf = (row: Row): DesiredMachine =>
  row.desired === 'running'
    ? desiredRunning(row, row.generation, row.sshPort)
    : desiredAbsent(row, row.deadlineNs);
