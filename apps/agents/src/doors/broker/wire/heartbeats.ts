import { type Clock, secondsToNs } from '@decent-cloud/kernel';
import { type AgentHeartbeat, agentHeartbeat, agentSubjects } from '@decent-cloud/messages';
import { Bus, CLOCK, LOGGER, type Logger, SETTINGS } from '@decent-cloud/runtime';
import type { Msg, Subscription } from '@nats-io/transport-node';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { HeartbeatStore } from '../../../registry/agent/heartbeat.store.ts';
import { accountOf, believe, DisbelievedError } from '../../../registry/agent/signed-by-agent.ts';
import { InstanceStore } from '../../../registry/instance/instance.store.ts';
import type { AgentsSettings } from '../../../settings.ts';
import { AgentWireMetrics } from './agent-wire-metrics.ts';
import { KnownAgents } from './known-agents.ts';

/** A heartbeat of another time (an old one sent again, a wrong clock) says nothing about now. */
export const FRESH_SECONDS = 300;

interface Beat {
  readonly heartbeat: AgentHeartbeat;
  readonly heardAtNs: bigint;
}

/** Hears agents beat and writes it down in batches; each beat is heard by one replica. */
@Injectable()
export class Heartbeats implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private beats = new Map<string, Beat>();
  private subscription: Subscription | undefined;
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> = Promise.resolve();

  constructor(
    private readonly bus: Bus,
    private readonly store: HeartbeatStore,
    private readonly agents: KnownAgents,
    private readonly instances: InstanceStore,
    private readonly wire: AgentWireMetrics,
    @Inject(SETTINGS) private readonly settings: AgentsSettings,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.subscription = this.bus.connection.subscribe(agentSubjects.heartbeat('*'), {
      queue: 'agents',
      callback: (error, message) => {
        if (error) this.logger.warn({ error }, 'heartbeats are not heard');
        else void this.hear(message);
      },
    });
    this.timer = setInterval(() => {
      this.flushing = this.flushing.then(() => this.flush());
    }, this.settings.HEARTBEAT_FLUSH_SECONDS * 1_000);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.subscription?.unsubscribe();
    clearInterval(this.timer);
    await this.flushing;
    await this.flush();
  }

  private async hear(message: Msg): Promise<void> {
    try {
      const now = this.clock();
      const heartbeat = await believe(agentHeartbeat, message.string(), accountOf(message.subject), (key) =>
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
