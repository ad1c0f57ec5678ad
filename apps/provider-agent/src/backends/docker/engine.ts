import { setTimeout as sleep } from 'node:timers/promises';
import { jitteredBackoffMs } from '@decent-cloud/kernel';
import Docker from 'dockerode';
import { type EngineError, engineError, isWorthRepeating } from './engine-error.ts';

const ANSWER_MS = 30_000;
const PULL_MS = 600_000;
const READ_ATTEMPTS = 4;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2_000;

export interface EngineInfo {
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly Driver: string;
  readonly DriverStatus?: readonly (readonly [string, string])[] | null;
  readonly ServerVersion: string;
  readonly MemoryLimit: boolean;
  readonly CpuCfsQuota: boolean;
  readonly PidsLimit: boolean;
}

/** The calls of the Engine API that machines need. Each has a deadline; only reads are repeated. */
export class Engine {
  private readonly docker: Docker;
  /** Ends every call. */
  readonly signal: AbortSignal | undefined;

  private constructor(docker: Docker, signal?: AbortSignal) {
    this.docker = docker;
    this.signal = signal;
  }

  static at(socketPath: string): Engine {
    return new Engine(new Docker({ socketPath }));
  }

  /** The same engine, whose calls end when the signal says so. */
  until(signal: AbortSignal): Engine {
    return new Engine(this.docker, signal);
  }

  /** @throws EngineError when no engine answers */
  async ping(): Promise<void> {
    await this.read('ask the engine', (signal) =>
      withOptions(this.docker.ping.bind(this.docker), abortable(signal)),
    );
  }

  async info(): Promise<EngineInfo> {
    return this.read('read the engine', (signal) =>
      withOptions<EngineInfo>(this.docker.info.bind(this.docker), abortable(signal)),
    );
  }

  /** Undefined when there is none of this name here. */
  image(name: string): Promise<Docker.ImageInspectInfo | undefined> {
    return orAbsent(
      this.read('read the image', (abortSignal) =>
        this.docker.getImage(name).inspect(abortable(abortSignal)),
      ),
    );
  }

  network(name: string): Promise<Docker.NetworkInspectInfo | undefined> {
    return orAbsent(
      this.read('read the network', (signal) => {
        const network = this.docker.getNetwork(name);
        return withOptions<Docker.NetworkInspectInfo>(network.inspect.bind(network), abortable(signal));
      }),
    );
  }

  /** Faults come within the answer, after a good status. */
  async pull(name: string): Promise<void> {
    await this.once(
      'pull the image',
      async (abortSignal) => {
        const stream = await this.docker.pull(name, { abortSignal });
        const ended = new AbortController();
        const stop = () => (stream as NodeJS.ReadableStream & { destroy(): void }).destroy();
        abortSignal.addEventListener('abort', stop, { once: true, signal: ended.signal });
        try {
          await new Promise<void>((resolve, reject) => {
            this.docker.modem.followProgress(stream, (error: unknown, lines: { error?: string }[]) => {
              const fault = error ?? lines.find((line) => line.error)?.error;
              if (fault) reject(withStatus(fault));
              else resolve();
            });
          });
          abortSignal.throwIfAborted();
        } finally {
          ended.abort();
        }
      },
      PULL_MS,
    );
  }

  list(labels: readonly string[]): Promise<Docker.ContainerInfo[]> {
    const filters = { label: [...labels] };
    return this.read('list containers', (abortSignal) =>
      this.docker.listContainers({ all: true, filters, abortSignal }),
    );
  }

  container(id: string): Promise<Docker.ContainerInspectInfo | undefined> {
    return orAbsent(
      this.read('read the container', (abortSignal) => this.docker.getContainer(id).inspect({ abortSignal })),
    );
  }

  /** The end of what the container has said. */
  async logTail(id: string, lines: number): Promise<string> {
    const text = await this.read('read the log', (abortSignal) =>
      this.docker
        .getContainer(id)
        .logs({ follow: false, stdout: true, stderr: true, tail: lines, abortSignal }),
    );
    return plainText(text);
  }

  async create(options: Docker.ContainerCreateOptions): Promise<string> {
    const made = await this.once('create the container', (abortSignal) =>
      this.docker.createContainer({ ...options, abortSignal }),
    );
    return made.id;
  }

  async start(id: string): Promise<void> {
    await this.once('start the container', (abortSignal) =>
      this.docker.getContainer(id).start({ abortSignal }),
    ).catch(unlessStatus(304));
  }

  async unpause(id: string): Promise<void> {
    await this.once('let the container go on', (abortSignal) =>
      this.docker.getContainer(id).unpause({ abortSignal }),
    ).catch(unlessStatus(304, 409));
  }

  async stop(id: string, graceSeconds: number): Promise<void> {
    await this.once(
      'stop the container',
      (abortSignal) => this.docker.getContainer(id).stop({ t: graceSeconds, abortSignal }),
      ANSWER_MS + graceSeconds * 1_000,
    ).catch(unlessStatus(304));
  }

  async rename(id: string, name: string): Promise<void> {
    await this.once('rename the container', (abortSignal) =>
      this.docker.getContainer(id).rename({ name, abortSignal }),
    );
  }

  /** Asks for the removal, of running ones too; whether it has happened is for container() to tell. */
  async remove(id: string): Promise<void> {
    await this.once('remove the container', (abortSignal) =>
      this.docker.getContainer(id).remove({ force: true, v: true, abortSignal }),
    ).catch(unlessStatus(404, 409));
  }

  async createExec(id: string, options: Docker.ExecCreateOptions): Promise<Docker.Exec> {
    return this.once('prepare a command', (abortSignal) =>
      this.docker.getContainer(id).exec({ ...options, abortSignal }),
    );
  }

  async startExec(exec: Docker.Exec): Promise<NodeJS.ReadWriteStream & { destroy(): void }> {
    return this.once('run a command', (abortSignal) =>
      exec.start({ hijack: true, stdin: true, abortSignal }),
    );
  }

  /** Parts what a command writes into its two outputs. */
  demultiplex(from: NodeJS.ReadableStream, out: NodeJS.WritableStream, err: NodeJS.WritableStream): void {
    this.docker.modem.demuxStream(from, out, err);
  }

  execResult(exec: Docker.Exec): Promise<Docker.ExecInspectInfo> {
    return this.read('read the end of a command', (abortSignal) => exec.inspect({ abortSignal }));
  }

  private async read<T>(what: string, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(what, call);
      } catch (error) {
        if (attempt === READ_ATTEMPTS || !isWorthRepeating(error)) throw error;
        const waitMs = jitteredBackoffMs(attempt, Math.random, FIRST_WAIT_MS, LONGEST_WAIT_MS);
        await sleep(waitMs, undefined, this.signal && { signal: this.signal });
      }
    }
  }

  private async once<T>(
    what: string,
    call: (signal: AbortSignal) => Promise<T>,
    limitMs = ANSWER_MS,
  ): Promise<T> {
    this.signal?.throwIfAborted();
    const limit = AbortSignal.timeout(limitMs);
    try {
      return await call(this.signal ? AbortSignal.any([limit, this.signal]) : limit);
    } catch (error) {
      this.signal?.throwIfAborted();
      const late = limit.aborted ? new Error(`no answer within ${limitMs / 1_000} s`) : error;
      throw engineError(late, what);
    }
  }
}

/** The client takes a signal for every call, but its types do not say so for all of them. */
function abortable(abortSignal: AbortSignal): Record<never, never> {
  return { abortSignal };
}

function withOptions<T>(call: unknown, options: object): Promise<T> {
  return (call as (given: object) => Promise<T>)(options);
}

const unlessStatus =
  (...statuses: readonly number[]) =>
  (error: EngineError): void => {
    if (!statuses.includes(error.status ?? 0)) throw error;
  };

async function orAbsent<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if ((error as EngineError).status === 404) return undefined;
    throw error;
  }
}

/** What a registry refuses comes as a text only. */
function withStatus(error: unknown): unknown {
  const message = error instanceof Error ? error.message : String(error);
  const isRefused = /not found|manifest unknown|denied|unauthorized|no basic auth/i.test(message);
  return Object.assign(new Error(message), isRefused && { statusCode: 404 });
}

const FRAME_HEADER = 8;

/** Takes the frames of the engine's streams apart. */
export function plainText(framed: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + FRAME_HEADER <= framed.length; ) {
    const size = framed.readUInt32BE(at + 4);
    parts.push(framed.subarray(at + FRAME_HEADER, at + FRAME_HEADER + size));
    at += FRAME_HEADER + size;
  }
  return Buffer.concat(parts).toString();
}
