import { type Clock, secondsToNs } from '@decent-cloud/kernel';
import { type DesiredMachine, type DesiredSnapshot, snapshotRequest } from '@decent-cloud/messages';
import { CLOCK, LOGGER, type Logger } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { PlatformKey } from '../../../commands/platform-key.ts';
import { desiredAbsent, desiredRunning } from '../../../coordination/assignment/domain/next-step.ts';
import { accountOf, DisbelievedError, SignedByAgent } from '../../../registry/agent/signed-by-agent.ts';
import { AgentWireMetrics } from './agent-wire-metrics.ts';
import { FRESH_SECONDS } from './heartbeats.ts';
import { KnownAgents } from './known-agents.ts';
import { type ListedMachine, SnapshotStore } from './snapshot.store.ts';

const MOST_MACHINES = 5_000;
/** So long an agent is told of another process with its key. */
const RIVAL_SECONDS = 3_600;

/**
 * Lists all that an agent shall have. Not being listed is no command to remove anything, and machines that the agent made
 * while it polled are not listed while they shall run: it would make them a second time.
 */
@Injectable()
export class Snapshots {
  constructor(
    private readonly store: SnapshotStore,
    private readonly agents: KnownAgents,
    private readonly signed: SignedByAgent,
    private readonly platformKey: PlatformKey,
    private readonly wire: AgentWireMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Undefined: whoever asks is not believed, or it could not be made, and the agent asks again. */
  async answer(subject: string, text: string): Promise<DesiredSnapshot | undefined> {
    try {
      const now = this.clock();
      const { agentPublicKey, atNs, instanceId } = await this.signed.believe(
        snapshotRequest,
        text,
        accountOf(subject),
        (key) => this.agents.fresh(key, now),
      );
      if (now - BigInt(atNs) > secondsToNs(FRESH_SECONDS)) {
        this.wire.disbelieved.inc({ channel: 'rpc', reason: 'stale' });
        return undefined;
      }
      if (instanceId !== undefined && !(await this.agents.isAtWork(agentPublicKey, instanceId, now))) {
        this.wire.disbelieved.inc({ channel: 'rpc', reason: 'other-instance' });
        return undefined;
      }
      return await this.of(agentPublicKey, now);
    } catch (error) {
      if (error instanceof DisbelievedError) {
        this.wire.disbelieved.inc({ channel: 'rpc', reason: error.reason });
      } else this.logger.warn({ error }, 'a snapshot could not be made; the agent asks again');
      return undefined;
    }
  }

  private async of(agentPublicKey: string, now: bigint): Promise<DesiredSnapshot> {
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
