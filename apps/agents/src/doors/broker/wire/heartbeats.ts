import { type Clock, secondsToNs } from '@decent-cloud/kernel';
import { type AgentHeartbeat, agentHeartbeat } from '@decent-cloud/messages';
import { CLOCK, LOGGER, type Logger } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { HeartbeatStore } from '../../../registry/agent/heartbeat.store.ts';
import { accountOf, DisbelievedError, SignedByAgent } from '../../../registry/agent/signed-by-agent.ts';
import { InstanceStore } from '../../../registry/instance/instance.store.ts';
import { AgentWireMetrics } from './agent-wire-metrics.ts';
import { KnownAgents } from './known-agents.ts';

/** A heartbeat of another time (an old one sent again, a wrong clock) says nothing about now. */
export const FRESH_SECONDS = 300;

interface Beat {
  readonly heartbeat: AgentHeartbeat;
  readonly heardAtNs: bigint;
}

/** Believes heartbeats of agents and writes them down in batches. */
@Injectable()
export class Heartbeats {
  private beats = new Map<string, Beat>();

  constructor(
    private readonly store: HeartbeatStore,
    private readonly agents: KnownAgents,
    private readonly instances: InstanceStore,
    private readonly signed: SignedByAgent,
    private readonly wire: AgentWireMetrics,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async hear(subject: string, text: string): Promise<void> {
    try {
      const now = this.clock();
      const heartbeat = await this.signed.believe(agentHeartbeat, text, accountOf(subject), (key) =>
        this.agents.recent(key, now),
      );
      if (!(await this.agents.isAtWork(heartbeat.agentPublicKey, heartbeat.instanceId, now))) {
        this.wire.disbelieved.inc({ channel: 'heartbeat', reason: 'other-instance' });
        return;
      }
      const distanceNs = now - BigInt(heartbeat.atNs);
      if (distanceNs > secondsToNs(FRESH_SECONDS) || -distanceNs > secondsToNs(FRESH_SECONDS)) {
        this.wire.disbelieved.inc({ channel: 'heartbeat', reason: 'stale' });
        return;
      }
      const known = this.beats.get(heartbeat.agentPublicKey);
      if (known && BigInt(known.heartbeat.atNs) > BigInt(heartbeat.atNs)) return;
      this.beats.set(heartbeat.agentPublicKey, { heartbeat, heardAtNs: now });
      this.wire.heartbeats.inc();
    } catch (error) {
      if (error instanceof DisbelievedError) {
        this.wire.disbelieved.inc({ channel: 'heartbeat', reason: error.reason });
      } else this.logger.warn({ error }, 'a heartbeat could not be taken');
    }
  }

  /** Writes what was heard since the last time; what cannot be written is tried again. */
  async flush(): Promise<void> {
    if (this.beats.size === 0) return;
    const taken = this.beats;
    this.beats = new Map();
    const beats = [...taken.values()];
    try {
      await this.store.hear(beats.map(({ heartbeat, heardAtNs }) => ({ ...heartbeat, heardAtNs })));
      const left = beats.flatMap(({ heartbeat: { agentPublicKey, instanceId, leaving } }) =>
        leaving && instanceId !== undefined ? [{ agentPublicKey, instanceId }] : [],
      );
      if (left.length > 0) await this.instances.leave(left, this.clock());
    } catch (error) {
      this.logger.warn({ error, agents: beats.length }, 'heartbeats could not be written; trying again');
      for (const [key, beat] of taken) if (!this.beats.has(key)) this.beats.set(key, beat);
    }
  }
}
