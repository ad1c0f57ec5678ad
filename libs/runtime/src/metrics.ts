import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The metrics that every process has, in one registry. */
export class Metrics {
  readonly registry = new Registry();

  readonly busRequestSeconds = new Histogram({
    name: 'dc_bus_request_duration_seconds',
    help: 'Time a verb took to answer, by subject and outcome (ok, refusal code, fault)',
    labelNames: ['subject', 'outcome'] as const,
    buckets: SECONDS,
    registers: [this.registry],
  });
  readonly factsHandled = new Counter({
    name: 'dc_messages_handled_total',
    help: 'Messages of durable consumers, by consumer and verdict (done, retry, pause, dead)',
    labelNames: ['consumer', 'verdict'] as const,
    registers: [this.registry],
  });
  readonly outboxPublished = new Counter({
    name: 'dc_outbox_published_total',
    help: 'Outbox rows acknowledged by the stream',
    registers: [this.registry],
  });
  readonly sweepSeconds = new Histogram({
    name: 'dc_sweep_duration_seconds',
    help: 'Time a reconciler took, by name and outcome',
    labelNames: ['sweep', 'outcome'] as const,
    buckets: SECONDS,
    registers: [this.registry],
  });
  readonly breakerOpen = new Gauge({
    name: 'dc_breaker_open',
    help: 'State of circuit breakers: 0 closed, 0.5 half-open, 1 open',
    labelNames: ['breaker'] as const,
    registers: [this.registry],
  });

  constructor(service: string) {
    this.registry.setDefaultLabels({ service });
    collectDefaultMetrics({ register: this.registry });
  }

  /** A gauge whose values are read when somebody looks; a failing read leaves it out and is reported. */
  observe(
    name: string,
    help: string,
    labelNames: readonly string[],
    read: () => Promise<readonly { labels?: Record<string, string>; value: number }[]>,
    onError: (error: unknown) => void,
  ): void {
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      async collect() {
        try {
          const values = await read();
          this.reset();
          for (const { labels, value } of values) this.set(labels ?? {}, value);
        } catch (error) {
          this.reset();
          onError(error);
        }
      },
    });
  }
}
