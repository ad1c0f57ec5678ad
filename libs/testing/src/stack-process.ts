import { join, resolve } from 'node:path';
import { eventually } from './eventually.ts';
import { GuardedProcess } from './guarded-process.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const START_DEADLINE_MS = 120_000;
const STOP_GRACE_MS = 30_000;

export interface StackOptions {
  readonly dataDir: string;
  /** Of the (first) gateway. */
  readonly port: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** The whole platform as `npm start` runs it, with data, ports and processes of its own. */
export class StackProcess {
  readonly output: string[] = [];
  private readonly process: GuardedProcess;

  constructor({ dataDir, port, env }: StackOptions) {
    const { PATH = '', HOME = '', NATS_SERVER_BIN = '' } = process.env;
    this.process = GuardedProcess.start({
      command: process.execPath,
      args: [join(ROOT, 'tools/stack/stack.mjs')],
      cwd: ROOT,
      env: {
        PATH,
        HOME,
        NATS_SERVER_BIN,
        NODE_NO_WARNINGS: '1',
        ENVIRONMENT: 'test',
        DC_DATA_DIR: dataDir,
        API_SERVER_PORT: String(port),
        ...env,
      },
      onLine: (line) => this.output.push(line),
    });
  }

  /** @throws when it ends instead, with what it last said */
  async ready(): Promise<void> {
    await eventually(() => this.process.isOver || this.output.some((line) => /\bs {2}ready$/.test(line)), {
      deadlineMs: START_DEADLINE_MS,
      everyMs: 100,
      what: 'the platform being ready',
    });
    if (this.process.isOver) {
      throw new Error(`the platform has ended:\n${this.output.slice(-40).join('\n')}`);
    }
  }

  /** Ends it as Ctrl-C does. */
  async end(): Promise<void> {
    await this.process.end('SIGTERM', STOP_GRACE_MS);
  }
}
