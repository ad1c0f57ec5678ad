import { type EventuallyOptions, eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { type Exit, GuardedProcess } from './guarded-process.ts';

export interface SpawnedServiceOptions {
  readonly name: string;
  /** The program, `apps/<name>/bundle/main.js`. */
  readonly script: string;
  readonly args?: readonly string[];
  /** On top of PATH and HOME; nothing else is inherited. OPS_PORT is chosen when it is absent. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

const PINO_FATAL = 60;
/** Reading them takes longer than the start of a service: only who reads stack traces asks for them. */
const SOURCE_MAPS = process.env.DC_SOURCE_MAPS === '1' ? ['--enable-source-maps'] : [];

/** One service as a process of its own, with its log. */
export class SpawnedService {
  readonly logs: string[] = [];
  private process: GuardedProcess | undefined;

  private constructor(
    private readonly options: SpawnedServiceOptions,
    readonly opsPort: number,
  ) {}

  /** Starts it without waiting for `ready`. */
  static async start(options: SpawnedServiceOptions): Promise<SpawnedService> {
    const service = new SpawnedService(options, Number(options.env.OPS_PORT ?? (await freePort())));
    service.startAgain();
    return service;
  }

  /** After `kill`: the same ports and settings. */
  startAgain(): void {
    const { PATH = '', HOME = '' } = process.env;
    this.process = GuardedProcess.start({
      command: process.execPath,
      args: [...SOURCE_MAPS, this.options.script, ...(this.options.args ?? [])],
      env: { PATH, HOME, OPS_PORT: String(this.opsPort), ...this.options.env },
      ...(this.options.cwd === undefined ? {} : { cwd: this.options.cwd }),
      onLine: (line) => this.logs.push(line),
    });
  }

  get name(): string {
    return this.options.name;
  }

  get exited(): Promise<Exit> {
    return this.running.exited;
  }

  get isOver(): boolean {
    return this.running.isOver;
  }

  /** Until `/health/ready` says yes. @throws with the end of its log */
  async ready(options: EventuallyOptions = {}): Promise<void> {
    try {
      await eventually(
        async () => {
          if (this.isOver) return true;
          const answer = await fetch(`http://127.0.0.1:${this.opsPort}/health/ready`, {
            signal: AbortSignal.timeout(3_000),
          });
          await answer.arrayBuffer();
          return answer.ok;
        },
        { deadlineMs: 30_000, ...options, what: `${this.name} being ready` },
      );
    } catch (error) {
      throw new Error(`${this.name} is not ready; it said:\n${this.tail()}`, { cause: error });
    }
    if (this.isOver) throw new Error(`${this.name} has ended; it said:\n${this.tail()}`);
  }

  /** Until a line of its log matches. */
  line(pattern: RegExp, options: EventuallyOptions = {}): Promise<string> {
    return eventually(() => this.logs.find((line) => pattern.test(line)), {
      ...options,
      what: `a line ${pattern} of ${this.name}`,
    });
  }

  /** Sends a signal (SIGSTOP and SIGCONT too); waits for the end after SIGKILL, SIGTERM and SIGINT. */
  async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit | undefined> {
    await this.running.signal(signal);
    return /KILL|TERM|INT/.test(signal) ? this.running.exited : undefined;
  }

  /** SIGTERM, then SIGKILL after 10 s. */
  stop(): Promise<Exit> {
    return this.running.end();
  }

  /** What nobody handled: rejections, exceptions, fatal lines. A healthy run has none. */
  unhandledErrors(): string[] {
    return this.logs.filter((line) => {
      // The last line that Node prints when it dies of an exception.
      if (/unhandled ?rejection|uncaught ?exception|ERR_UNHANDLED|^Node\.js v\d/i.test(line)) return true;
      return /^\{/.test(line) && levelOf(line) >= PINO_FATAL;
    });
  }

  private get running(): GuardedProcess {
    if (!this.process) throw new Error(`${this.name} was not started`);
    return this.process;
  }

  private tail(): string {
    return this.logs.slice(-30).join('\n');
  }
}

function levelOf(line: string): number {
  try {
    return Number((JSON.parse(line) as { level?: number }).level ?? 0);
  } catch {
    return 0;
  }
}
