import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, GuardedProcess } from '@decent-cloud/testing';
import { LocalBackend } from '../src/backends/local/local-backend.ts';
import type { LocalBackendOptions } from '../src/backends/local/options.ts';
import type { MachineMarks } from '../src/domain/machine.ts';
import type { FakeAgent } from './fake-platform.ts';

/** As it is shipped; it starts in a fifth of the time that its sources take. */
const PROGRAM = fileURLToPath(new URL('../bundle/main.js', import.meta.url));
const PAUSING_PROGRAM = fileURLToPath(new URL('./agent-process.ts', import.meta.url));
const SOURCES = fileURLToPath(new URL('../../../tools/run-sources.mjs', import.meta.url));
const TYPESCRIPT = ['--conditions=source', `--import=${SOURCES}`];

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly process: GuardedProcess;
  readonly lines: string[];
  readonly ended: Promise<Ended>;
}

/** What a command has printed. */
export function jsonOf({ code, out, err }: Ended) {
  if (out === '') throw new Error(`exit code ${code}: ${err}`);
  return JSON.parse(out);
}

/** Starts `dc-agent`, or a program of the specs. */
export function startProgram(
  args: readonly string[],
  options: { readonly home: string; readonly program?: string; readonly env?: NodeJS.ProcessEnv },
): Started {
  const out: string[] = [];
  const err: string[] = [];
  const lines: string[] = [];
  const { PATH = '' } = process.env;
  const child = GuardedProcess.start({
    command: process.execPath,
    args: [...(options.program ? [...TYPESCRIPT, options.program] : [PROGRAM]), ...args],
    env: { PATH, HOME: options.home, ...options.env },
    onLine: (line, from) => {
      (from === 'stdout' ? out : err).push(line);
      lines.push(line);
    },
  });
  const ended = child.exited.then(({ code }) => ({ code, out: out.join('\n'), err: err.join('\n') }));
  return { process: child, lines, ended };
}

/** An agent's folder with its configuration. */
export class AgentSite {
  readonly config: string;
  readonly dataDir: string;

  constructor(
    readonly known: FakeAgent,
    readonly folder: string,
    readonly firstPort: number,
    readonly machines = 20,
  ) {
    this.config = join(folder, 'dc-agent.toml');
    this.dataDir = join(folder, 'data');
  }

  get journalPath(): string {
    return join(this.dataDir, 'journal.db');
  }

  async writeConfig(apiUrl: string, more: { agent?: string; nats?: string; provisioner?: string } = {}) {
    await mkdir(this.dataDir, { recursive: true });
    const seed = Buffer.from(this.known.agent.rawSeed).toString('hex');
    const local =
      `[provisioner]\ntype = "local"\n[provisioner.local]\nmax_machines = ${this.machines}\n` +
      `port_range_start = ${this.firstPort}\nport_range_end = ${this.firstPort + this.machines - 1}\n`;
    await writeFile(
      this.config,
      `[api]\nendpoint = "${apiUrl}"\nprovider_pubkey = "${'ab'.repeat(32)}"\nagent_secret_key = "${seed}"\n` +
        `[agent]\ndata_dir = "data"\nenvironment = "test"\n${more.agent ?? ''}\n${more.nats ?? ''}\n${more.provisioner ?? local}`,
      { mode: 0o600 },
    );
  }

  start(...args: string[]): Started {
    return startProgram(['--config', this.config, ...args], {
      home: this.folder,
      env: { DC_AGENT_LOG: 'debug' },
    });
  }

  get pauseFile(): string {
    return join(this.folder, 'pause');
  }

  /** `run`, with creations that stand still while the pause file is there. */
  startPausing(env: NodeJS.ProcessEnv = {}): Started {
    return startProgram([this.config, this.pauseFile], {
      home: this.folder,
      program: PAUSING_PROGRAM,
      env: { DC_AGENT_LOG: 'debug', ...env },
    });
  }

  /** Runs the agent while the work is done; what it said is in the error when that fails. */
  async whileRunning(work: (agent: Started) => Promise<void>, agent = this.start('run')): Promise<Ended> {
    try {
      await eventually(() => agent.lines.some((line) => line.includes('connected to the broker')), {
        deadlineMs: 40_000,
        what: 'the agent being connected',
      });
      await work(agent);
    } catch (error) {
      throw new Error(agent.lines.join('\n'), { cause: error });
    } finally {
      await agent.process.end('SIGTERM', 30_000);
    }
    return agent.ended;
  }

  /** Runs a command to its end. */
  run(...args: string[]): Promise<Ended> {
    return startProgram(['--config', this.config, ...args], { home: this.folder }).ended;
  }

  get backendOptions(): LocalBackendOptions {
    return {
      folder: join(this.dataDir, 'machines'),
      portRangeStart: this.firstPort,
      portRangeEnd: this.firstPort + this.machines - 1,
      maxMachines: this.machines,
      onFault: (error) => {
        throw error;
      },
    };
  }

  backend(): LocalBackend {
    return new LocalBackend(this.backendOptions);
  }

  get own(): Pick<MachineMarks, 'environment' | 'agent'> {
    return { environment: 'test', agent: this.known.agent.publicKeyHex.slice(0, 16) };
  }

  /** Machines that are there before the agent knows of them. */
  async place(sshPublicKey: string, ...marks: readonly MachineMarks[]): Promise<string[]> {
    const backend = this.backend();
    await backend.start();
    const made: string[] = [];
    for (const one of marks) {
      const { instance } = await backend.provision({
        spec: { offeringId: 'small', sshPublicKeys: [sshPublicKey] },
        marks: one,
        signal: new AbortController().signal,
        onStep: () => undefined,
      });
      made.push(instance.externalId);
    }
    await backend.close();
    return made;
  }

  /** Ids of the machines that are there. */
  async there(): Promise<string[]> {
    return (await this.backend().list()).map(({ externalId }) => externalId).sort();
  }
}
