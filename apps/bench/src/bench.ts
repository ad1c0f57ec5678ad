import { join, resolve } from 'node:path';
import { GuardedProcess, startTestNats, type TestNats } from '@decent-cloud/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type BenchOptions, isWanted } from './options.ts';
import type { Result } from './report/result.ts';

export const ROOT = resolve(import.meta.dirname, '../../..');

/** One measurement, or several that come from the same run of the same things. */
export interface Case {
  /** What it can find out, for choosing. */
  readonly lines: readonly { readonly bar: string | undefined; readonly name: string }[];
  run(bench: Bench): Promise<readonly Result[]>;
}

export interface VerifyRates {
  readonly cryptoVerify: number;
  readonly native: number;
  readonly portable: number;
}

const PROGRAM_DEADLINE_MS = 60_000;

type End = () => Promise<unknown>;

/** What cases share: yardsticks that are taken once in a run, and the end of everything that was started. */
export class Bench {
  private readonly endsOfCase: End[] = [];
  private readonly endsOfRun: End[] = [];
  private ending: Promise<void> = Promise.resolve();
  private readonly made = new Map<unknown, Promise<unknown>>();
  private rates: Promise<VerifyRates> | undefined;
  private brokerStarting: Promise<TestNats> | undefined;

  constructor(
    readonly options: BenchOptions,
    readonly say: (line: string) => void,
  ) {}

  wants(line: { readonly bar: string | undefined; readonly name: string }): boolean {
    return isWanted(this.options.wanted, line);
  }

  /** Ends it with the case, last started first: what runs on would take CPU from the next. */
  atEnd(end: End): void {
    this.endsOfCase.push(end);
  }

  /** Ends it with the run: several cases use it. */
  atEndOfRun(end: End): void {
    this.endsOfRun.push(end);
  }

  /** What several cases need is made by the first of them. */
  once<T>(make: (bench: Bench) => Promise<T>): Promise<T> {
    const made = this.made.get(make) ?? make(this);
    this.made.set(make, made);
    return made as Promise<T>;
  }

  async endCase(): Promise<void> {
    await this.endAll(this.endsOfCase);
    this.brokerStarting = undefined;
  }

  async end(): Promise<void> {
    await this.endCase();
    await this.endAll(this.endsOfRun);
  }

  /** One after the other: who ends things while they are being ended waits for that. */
  private endAll(ends: End[]): Promise<void> {
    this.ending = this.ending.then(() => this.endEach(ends));
    return this.ending;
  }

  private async endEach(ends: End[]): Promise<void> {
    for (const end of ends.splice(0).reverse()) {
      try {
        await end();
      } catch (error) {
        this.say(`something did not end cleanly: ${error}`);
      }
    }
  }

  /** Signature checks per CPU-second; `cryptoVerify` is the unit in which whole operations are counted. */
  verifyRates(): Promise<VerifyRates> {
    this.rates ??= runProgram<VerifyRates>('verify-rates.mjs');
    return this.rates;
  }

  async verifyMicroseconds(): Promise<number> {
    return 1e6 / (await this.verifyRates()).cryptoVerify;
  }

  /** One nats-server for the small measurements, flushing like that of the platform. */
  broker(): Promise<TestNats> {
    this.brokerStarting ??= startTestNats({ config: durableConfig }).then((nats) => {
      this.atEnd(() => nats.stop());
      return nats;
    });
    return this.brokerStarting;
  }

  async connection(): Promise<NatsConnection> {
    const connection = await connect({ servers: (await this.broker()).url, timeout: 10_000 });
    this.atEnd(() => connection.close());
    return connection;
  }
}

function durableConfig(folder: string, port: number): string {
  return [
    `listen: "127.0.0.1:${port}"`,
    `jetstream { store_dir: "${folder}/js", sync_interval: always, max_memory_store: 256MB, max_file_store: 16GB }`,
    '',
  ].join('\n');
}

export const programPath = (name: string): string => join(ROOT, 'apps/bench/programs', name);
export const programOf = (app: string): string => join(ROOT, 'apps', app, 'bundle/main.js');

/** Runs a program of apps/bench/programs to its end and reads the JSON that it prints. @throws Error when it fails */
export async function runProgram<T>(name: string, env: Readonly<Record<string, string>> = {}): Promise<T> {
  const lines: string[] = [];
  const errors: string[] = [];
  const { PATH = '', HOME = '' } = process.env;
  const tool = GuardedProcess.start({
    command: process.execPath,
    args: [programPath(name)],
    env: { PATH, HOME, NODE_NO_WARNINGS: '1', ...env },
    onLine: (line, from) => void (from === 'stdout' ? lines : errors).push(line),
  });
  const late = setTimeout(() => void tool.end('SIGKILL'), PROGRAM_DEADLINE_MS);
  const { code } = await tool.exited.finally(() => clearTimeout(late));
  if (code !== 0) throw new Error(`${name} ended with ${code}:\n${errors.slice(-15).join('\n')}`);
  return JSON.parse(lines.at(-1) ?? '') as T;
}
