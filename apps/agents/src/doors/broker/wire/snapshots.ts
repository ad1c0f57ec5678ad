import { type Clock, secondsToNs } from '@decent-cloud/kernel';
import {
  agentSubjects,
  type DesiredMachine,
  type DesiredSnapshot,
  SNAPSHOT_METHOD,
  snapshotRequest,
} from '@decent-cloud/messages';
import { Bus, CLOCK, LOGGER, type Logger } from '@decent-cloud/runtime';
import type { Msg, Subscription } from '@nats-io/transport-node';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { PlatformKey } from '../../../commands/platform-key.ts';
import { desiredAbsent, desiredRunning } from '../../../coordination/assignment/domain/next-step.ts';
import { accountOf, believe, DisbelievedError } from '../../../registry/agent/signed-by-agent.ts';
import { AgentWireMetrics } from './agent-wire-metrics.ts';
import { FRESH_SECONDS } from './heartbeats.ts';
import { KnownAgents } from './known-agents.ts';
import { type ListedMachine, SnapshotStore } from './snapshot.store.ts';

const MOST_MACHINES = 5_000;
/** So long an agent is told of another process with its key. */
const RIVAL_SECONDS = 3_600;

/**
 * Answers agents that ask for all that they shall have. Not being listed is no command to remove anything, and machines
 * that the agent made while it polled are not listed while they shall run: it would make them a second time.
 */
@Injectable()
export class Snapshots implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private subscription: Subscription | undefined;
  private readonly inHand = new Set<Promise<void>>();

  constructor(
    private readonly bus: Bus,
    private readonly store: SnapshotStore,
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

  async of(agentPublicKey: string, now: bigint): Promise<DesiredSnapshot> {
    const limits = { rivalsSinceNs: now - secondsToNs(RIVAL_SECONDS), mostMachines: MOST_MACHINES };
    const { version, rival, machines } = await this.store.of(agentPublicKey, limits, now);
    return this.platformKey.sign({
      v: 1 as const,
      agentPublicKey,
      version: version.toString(),
      atNs: now.toString(),
      ...(rival && {
        rival: { ...(rival.host !== null && { host: rival.host }), seenAtNs: rival.seenNs.toString() },
      }),
      machines: machines.map(desiredOf),
    });
  }
}

const desiredOf = (machine: ListedMachine): DesiredMachine =>
  machine.desired === 'running'
    ? desiredRunning(machine, machine.generation, machine.sshPort)
    : desiredAbsent(machine, machine.deadlineNs);
