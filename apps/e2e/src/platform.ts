import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, StackProcess } from '@decent-cloud/testing';

const PINO_ERROR = 50;
const WORKERS = 4;
const worker = Number(process.env.JEST_WORKER_ID ?? 1) % WORKERS;
const firstMachinePort = 20_000 + worker * 1_000;
/** Of gateways, for the same reason: from the choice to the use it takes seconds. */
const GATEWAY_PORTS = { first: 24_000 + worker * 2_000, count: 2_000 };
/** A machine that the agent's death leaves unserved must not lose its port to the platform of another spec. */
const MACHINE_PORTS = `${firstMachinePort}-${firstMachinePort + 999}`;

export interface PlatformOptions {
  /** Of every service and of the gateway. */
  readonly replicas?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export interface LogLine {
  readonly level?: number;
  readonly message?: string;
  readonly service?: string;
  readonly requestId?: string;
  readonly traceId?: string;
  readonly reason?: string;
}

/** The whole platform as `npm start` runs it, with data, ports and processes of its own. */
export class Platform {
  private readonly stack: StackProcess;

  private constructor(
    readonly folder: string,
    private readonly firstPort: number,
    private readonly options: PlatformOptions,
  ) {
    const env = {
      DC_REPLICAS: String(options.replicas ?? 1),
      DC_MACHINE_PORTS: MACHINE_PORTS,
      // What a crash leaves set aside is waited for.
      STOCK_HOLD_SECONDS: '30',
      DROP_OLD_HOLDS_INTERVAL_SECONDS: '1',
      ...options.env,
    };
    this.stack = new StackProcess({ dataDir: this.dataDir, port: firstPort, env });
  }

  static async start(options: PlatformOptions = {}): Promise<Platform> {
    const folder = await mkdtemp(join(tmpdir(), 'dc-e2e-'));
    const platform = new Platform(folder, await freePorts(options.replicas ?? 1), options);
    try {
      await platform.stack.ready();
    } catch (error) {
      await platform.stop();
      throw error;
    }
    return platform;
  }

  get output(): readonly string[] {
    return this.stack.output;
  }
  get dataDir(): string {
    return join(this.folder, 'data');
  }
  get apiUrl(): string {
    return this.gatewayUrls[0] as string;
  }
  get gatewayUrls(): readonly string[] {
    return Array.from(
      { length: this.options.replicas ?? 1 },
      (_, index) => `http://localhost:${this.firstPort + index}`,
    );
  }

  /** Process id of a part, by the name of its log: `contracts`, `gateway-2`, `demo-agent`. */
  async pidOf(name: string): Promise<number> {
    return eventually(
      async () => {
        const text = await readFile(join(this.dataDir, 'stack.json'), 'utf8');
        const { children } = JSON.parse(text) as { children: { name: string; pid: number }[] };
        const pid = children.find((child) => child.name === name)?.pid;
        return pid !== undefined && isAlive(pid) && pid;
      },
      { deadlineMs: 20_000, what: `${name} running` },
    );
  }

  /** The platform's supervisor starts it again by itself. */
  async kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    process.kill(await this.pidOf(name), signal);
  }

  /** Ports of parts that are not public, by name: `postgres`, `nats`, `contracts` (operator's door). */
  async ports(): Promise<Record<string, number>> {
    return JSON.parse(await readFile(join(this.dataDir, 'ports.json'), 'utf8')) as Record<string, number>;
  }

  async databaseUrl(service: string): Promise<string> {
    const { databasePasswords } = JSON.parse(await readFile(join(this.dataDir, 'secrets.json'), 'utf8')) as {
      databasePasswords: Record<string, string>;
    };
    const { postgres } = await this.ports();
    return `postgresql://${service}:${databasePasswords[service]}@127.0.0.1:${postgres}/${service}`;
  }

  /** Log lines at error level or worse, and what is no log line, of every part; empty in a healthy run. */
  async errors(ofParts: RegExp = /./): Promise<string[]> {
    const found: string[] = [];
    for (const file of await readdir(join(this.dataDir, 'logs'))) {
      const name = file.replace(/\.log$/, '');
      if (!ofParts.test(name) || name === 'nats') continue;
      for (const line of (await readFile(join(this.dataDir, 'logs', file), 'utf8')).split('\n')) {
        if (isError(line)) found.push(`${name}: ${line}`);
      }
    }
    return found;
  }

  /** The JSON lines of a part's log. */
  async logLines(part: string): Promise<LogLine[]> {
    const text = await readFile(join(this.dataDir, 'logs', `${part}.log`), 'utf8');
    return text
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as LogLine);
  }

  /** Ends it as Ctrl-C does. */
  async stop(): Promise<void> {
    await this.stack.end();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function isError(line: string): boolean {
  if (!line.startsWith('{')) return /unhandled|uncaught|\bat .+:\d+:\d+\)?$/i.test(line);
  try {
    return ((JSON.parse(line) as LogLine).level ?? 0) >= PINO_ERROR;
  } catch {
    return true;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The first of `count` free ports in a row. */
async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const first = GATEWAY_PORTS.first + Math.floor(Math.random() * (GATEWAY_PORTS.count - count));
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
    if (free.every(Boolean)) return first;
  }
  throw new Error('no free ports');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, '0.0.0.0', () => server.close(() => done(true)));
  });
}
