import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Exit, GuardedProcess } from './guarded-process.ts';

export interface TestNatsOptions {
  /** A configuration instead of the plain one; `-1` as port means a free one. Gets the server's own folder. */
  readonly config?: (folder: string, port: number, websocketPort: number) => string;
  /** Writes past so much of a file fail, as on a full disk; not for a server that is started again. */
  readonly fileLimitBytes?: number;
}

interface PortsFile {
  readonly nats?: readonly string[];
  readonly websocket?: readonly string[];
}

const START_DEADLINE_MS = 10_000;

/** A nats-server of this test alone: JetStream on, free port, folder of its own. */
export class TestNats {
  url = '';
  websocketUrl = '';
  readonly log: string[] = [];
  private process: GuardedProcess | undefined;
  private port = -1;
  private websocketPort = -1;

  private constructor(
    readonly folder: string,
    private readonly options: TestNatsOptions,
  ) {}

  static async start(options: TestNatsOptions = {}): Promise<TestNats> {
    const nats = new TestNats(await mkdtemp(join(tmpdir(), 'dc-nats-')), options);
    try {
      await nats.startAgain(options.fileLimitBytes);
    } catch (error) {
      await nats.stop();
      throw error;
    }
    return nats;
  }

  /** After `kill`: the same port, the same data. */
  async startAgain(fileLimitBytes?: number): Promise<void> {
    const file = join(this.folder, 'nats.conf');
    const config = this.options.config ?? plainConfig;
    await writeFile(file, config(this.folder, this.port, this.websocketPort), { mode: 0o600 });
    const server = [serverProgram(), '-c', file, '--ports_file_dir', this.folder];
    // The shell counts in blocks of 512 bytes.
    const limited = [
      'sh',
      '-c',
      `ulimit -f ${Math.ceil((fileLimitBytes ?? 0) / 512)}; exec "$@"`,
      'sh',
      ...server,
    ];
    const [command = '', ...args] = fileLimitBytes === undefined ? server : limited;
    const process = GuardedProcess.start({
      command,
      args,
      onLine: (line) => this.log.push(line),
    });
    this.process = process;
    const ports = await this.readPorts(process);
    this.url = (ports.nats?.[0] ?? '').replace('0.0.0.0', '127.0.0.1');
    this.websocketUrl = (ports.websocket?.[0] ?? '').replace('0.0.0.0', '127.0.0.1');
    this.port = Number(new URL(this.url).port);
    if (this.websocketUrl) this.websocketPort = Number(new URL(this.websocketUrl).port);
  }

  /** Sends a signal (SIGSTOP and SIGCONT too); waits for the end after SIGKILL, SIGTERM and SIGINT. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit | undefined> {
    await this.process?.signal(signal);
    return /KILL|TERM|INT/.test(signal) ? this.process?.exited : undefined;
  }

  async stop(): Promise<void> {
    await this.process?.end('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }

  private async readPorts(process: GuardedProcess): Promise<PortsFile> {
    const until = performance.now() + START_DEADLINE_MS;
    const name = `_${await process.pid}.ports`;
    while (performance.now() < until && !process.isOver) {
      const file = (await readdir(this.folder)).find((entry) => entry.endsWith(name));
      const text = file ? await readFile(join(this.folder, file), 'utf8') : '';
      if (text.trimEnd().endsWith('}')) return JSON.parse(text) as PortsFile;
      await sleep(5);
    }
    throw new Error(`nats-server did not start:\n${this.log.slice(-20).join('\n')}`);
  }
}

/** Short for `TestNats.start`. */
export function startTestNats(options: TestNatsOptions = {}): Promise<TestNats> {
  return TestNats.start(options);
}

function plainConfig(folder: string, port: number): string {
  return `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${folder}/js" }\n`;
}

function serverProgram(): string {
  const program = process.env.NATS_SERVER_BIN;
  if (!program) throw new Error('NATS_SERVER_BIN is not set: run this spec in the `int` project of Jest');
  return program;
}
