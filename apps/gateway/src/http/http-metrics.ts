import type { Metrics } from '@decent-cloud/runtime';
import { Counter, Histogram } from 'prom-client';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What the gateway counts beside what every process does. */
export class GatewayMetrics {
  readonly requestSeconds: Histogram<'route' | 'method' | 'status'>;
  readonly refusedNonces: Counter<'why'>;
  readonly rateLimited: Counter<'tier'>;

  constructor({ registry }: Metrics) {
    const registers = [registry];
    this.requestSeconds = new Histogram({
      name: 'dc_http_request_duration_seconds',
      help: 'Time until an HTTP answer was written, by declared path, method and status',
      labelNames: ['route', 'method', 'status'],
      buckets: SECONDS,
      registers,
    });
    this.refusedNonces = new Counter({
      name: 'dc_gateway_refused_nonces_total',
      help: 'Rightly signed requests that were refused: replayed, older-than-store, store-down',
      labelNames: ['why'],
      registers,
    });
    this.rateLimited = new Counter({
      name: 'dc_gateway_rate_limited_total',
      help: 'Requests refused by the rate limit, by tier',
      labelNames: ['tier'],
      registers,
    });
  }
}
