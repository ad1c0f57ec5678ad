import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.ts';

export interface HealthCheck {
  readonly name: string;
  /** Resolves when well; rejects with the reason. */
  readonly check: () => Promise<void>;
}

const CHECK_TIMEOUT_MS = 2_000;

/** The operator's door of a process: `/health/live`, `/health/ready`, `/metrics`. Loopback unless told otherwise. */
export class OpsServer {
  private server: Server | undefined;
  private readonly checks: HealthCheck[] = [];
  private draining = false;

  constructor(
    private readonly service: string,
    private readonly metrics: Metrics,
  ) {}

  addCheck(check: HealthCheck): void {
    this.checks.push(check);
  }

  /** From now on "not ready", so that no new work is sent here. */
  drain(): void {
    this.draining = true;
  }

  async listen(port: number, host: string): Promise<number> {
    this.server = createServer((request, response) => {
      this.answer(request.url ?? '/')
        .then(({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body))
        .catch((error: unknown) => response.writeHead(500).end(String(error)));
    });
    const server = this.server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    return (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const server = this.server;
    if (!server) return;
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** Every check by name: `ok` or what is wrong. */
  async readiness(): Promise<{ ready: boolean; checks: Record<string, string> }> {
    const results = await Promise.all(
      this.checks.map(async ({ name, check }) => {
        try {
          await withTimeout(check(), CHECK_TIMEOUT_MS);
          return [name, 'ok'] as const;
        } catch (error) {
          return [name, error instanceof Error ? error.message : String(error)] as const;
        }
      }),
    );
    const ready = !this.draining && results.every(([, state]) => state === 'ok');
    return {
      ready,
      checks: { ...Object.fromEntries(results), ...(this.draining ? { draining: 'yes' } : {}) },
    };
  }

  /** Names of the checks that fail. */
  async failing(): Promise<string[]> {
    const { checks } = await this.readiness();
    return Object.keys(checks).filter((name) => checks[name] !== 'ok');
  }

  private async answer(url: string): Promise<{ status: number; type: string; body: string }> {
    const json = (status: number, value: unknown) => ({
      status,
      type: 'application/json; charset=utf-8',
      body: JSON.stringify(value),
    });
    switch (url.split('?')[0]) {
      case '/health/live':
        return json(200, { live: true, service: this.service });
      case '/health/ready': {
        const { ready, checks } = await this.readiness();
        // Who asks sees whether it is the process that was meant, and not another one at its port.
        return json(ready ? 200 : 503, { ready, service: this.service, pid: process.pid, checks });
      }
      case '/metrics':
        return {
          status: 200,
          type: this.metrics.registry.contentType,
          body: await this.metrics.registry.metrics(),
        };
      default:
        return json(404, { error: 'there are /health/live, /health/ready and /metrics' });
    }
  }
}

async function withTimeout(work: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
