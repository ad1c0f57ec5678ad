import { Metrics } from '@decent-cloud/runtime';
import { Injectable } from '@nestjs/common';
import { Counter } from 'prom-client';

/** Counts what agents say and what of it is not believed. */
@Injectable()
export class AgentWireMetrics {
  readonly events: Counter<'kind'>;
  readonly disbelieved: Counter<'channel' | 'reason'>;
  readonly heartbeats: Counter;

  constructor(metrics: Metrics) {
    const registers = [metrics.registry];
    this.events = new Counter({
      name: 'dc_agent_events_total',
      help: 'Events of agents that were believed, by kind, repeats included',
      labelNames: ['kind'],
      registers,
    });
    this.disbelieved = new Counter({
      name: 'dc_agent_messages_disbelieved_total',
      help: 'Messages of agents that were not acted on, by channel (event, heartbeat, rpc) and reason (malformed, unknown-agent, foreign-account, revoked, forged, foreign-machine, other-instance, stale)',
      labelNames: ['channel', 'reason'],
      registers,
    });
    this.heartbeats = new Counter({
      name: 'dc_agent_heartbeats_total',
      help: 'Heartbeats of agents that were believed',
      registers,
    });
  }
}
