import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.ts';

const GUARD = fileURLToPath(new URL('../guard.sh', import.meta.url));

export interface GuardedOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** What ends it politely. */
  readonly endSignal?: 'TERM' | 'INT';
  readonly onLine?: (line: string, from: 'stdout' | 'stderr') => void;
}

export interface Exit {
  readonly code: number | null;
}

/** A child process that cannot outlive this one. */
export class GuardedProcess {
  readonly pid: Promise<number>;
  /** 128 + signal number when a signal ended it. */
  readonly exited: Promise<Exit>;
  private over = false;

  private constructor(guard: ChildProcess, options: GuardedOptions) {
    let tellPid: (pid: number) => void;
    let failPid: (error: Error) => void;
    this.pid = new Promise((resolve, reject) => {
      tellPid = resolve;
      failPid = reject;
    });
    this.pid.catch(() => undefined);
    this.exited = new Promise((resolve) => {
      guard.once('exit', (code) => {
        this.over = true;
        failPid(new Error('ended before it began'));
        // Its last lines come before `close`; a grandchild that keeps the pipes open does not hold us up for long.
        const late = setTimeout(() => resolve({ code }), 1_000);
        guard.once('close', () => {
          clearTimeout(late);
          resolve({ code });
        });
      });
    });
    guard.once('error', (error) => failPid(error));
    guard.stdin?.on('error', () => undefined);
    let known = false;
    const onLine = (line: string, from: 'stdout' | 'stderr') => {
      const pid = known ? undefined : /^guard-pid (\d+)$/.exec(line)?.[1];
      if (pid === undefined) options.onLine?.(line, from);
      else {
        known = true;
        tellPid(Number(pid));
      }
    };
    readLines(guard.stdout, (line) => onLine(line, 'stdout'));
    readLines(guard.stderr, (line) => onLine(line, 'stderr'));
  }

  static start(options: GuardedOptions): GuardedProcess {
    const guard = spawn('/bin/sh', [GUARD, options.endSignal ?? 'TERM', options.command, ...options.args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    return new GuardedProcess(guard, options);
  }

  get isOver(): boolean {
    return this.over;
  }

  /** Sends a signal to the program itself, and waits until it stands still after SIGSTOP. Ignored once it has ended. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    if (this.over) return;
    const pid = await this.pid;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    if (signal === 'SIGSTOP') await eventually(() => this.over || standsStill(pid), { everyMs: 1 });
  }

  /** Ends it and waits; after `graceMs` with SIGKILL. */
  async end(signal: NodeJS.Signals = 'SIGTERM', graceMs = 10_000): Promise<Exit> {
    await this.signal(signal);
    const late = setTimeout(() => void this.signal('SIGKILL'), graceMs);
    try {
      return await this.exited;
    } finally {
      clearTimeout(late);
    }
  }
}

/** On a busy machine its threads go on for a while. Only Linux tells. */
async function standsStill(pid: number): Promise<boolean> {
  const threads = `/proc/${pid}/task`;
  if (!existsSync(threads)) return true;
  const stats = (await readdir(threads)).map((thread) => readFile(`${threads}/${thread}/stat`, 'utf8'));
  // The program's name, in parentheses, may hold anything.
  return (await Promise.all(stats)).every((stat) => stat.slice(stat.lastIndexOf(')') + 2).startsWith('T'));
}

function readLines(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void): void {
  let rest = '';
  stream?.setEncoding('utf8');
  stream?.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  stream?.on('end', () => {
    if (rest) onLine(rest);
  });
}
