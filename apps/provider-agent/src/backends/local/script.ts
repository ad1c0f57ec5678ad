import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { outputsOf, scriptLogOf } from '../../domain/script-log.ts';
import { writeDurably } from '../../journal/durable-file.ts';
import type { ScriptResult } from '../backend.ts';
import { Tail } from '../tail.ts';
import { killAll, SESSION_MARK, signalGroup } from './processes.ts';

export interface LocalScript {
  readonly script: string;
  /** Of the machine: the script and the mark that it has run are kept here. */
  readonly folder: string;
  readonly home: string;
  /** Names its processes, also after a restart of the agent. */
  readonly session: string;
  readonly env: Readonly<Record<string, string>>;
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/** Of a script that was ended from outside. */
const KILLED = -1;
const LAST_WORDS_MS = 1_000;

/** Runs the script of an order, once for each machine: of one that has ended already there is no result. */
export async function runLocalScript(run: LocalScript): Promise<ScriptResult | undefined> {
  const file = join(run.folder, `script-${createHash('sha256').update(run.script).digest('hex')}`);
  const done = `${file}.done`;
  if (await isThere(done)) return undefined;
  await rm(file, { force: true });
  await writeFile(file, run.script, { mode: 0o700 });
  const result = await execute(file, run);
  await writeDurably(done, String(result.exitCode));
  return result;
}

async function execute(file: string, run: LocalScript): Promise<ScriptResult> {
  // One that a crash of the agent has left running is ended and run anew.
  await endAll(run.session);
  const [program, args] = run.script.startsWith('#!') ? [file, []] : ['/bin/sh', [file]];
  const child = spawn(program, args, {
    cwd: run.home,
    env: { ...run.env, [SESSION_MARK]: run.session },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out = new Tail();
  const err = new Tail();
  child.stdout.pipe(out.writable());
  child.stderr.pipe(err.writable());
  const closed = new Promise<void>((resolve) => void child.once('close', () => resolve()));
  const end = () => {
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
  };
  const late = setTimeout(end, run.limitMs);
  run.signal.addEventListener('abort', end, { once: true });
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => resolve(code ?? KILLED));
    });
    // What it has left running in the background may go on and keep its outputs open; what was ended must not go on.
    if (exitCode === KILLED) await endAll(run.session);
    await Promise.race([closed, sleep(LAST_WORDS_MS, undefined, { ref: false })]);
    run.signal.throwIfAborted();
    const log = scriptLogOf(outputsOf(out.text(), err.text()));
    return { success: exitCode === 0, exitCode, log };
  } finally {
    clearTimeout(late);
    child.stdout.destroy();
    child.stderr.destroy();
    run.signal.removeEventListener('abort', end);
  }
}

const endAll = (session: string): Promise<void> => killAll({ mark: { name: SESSION_MARK, value: session } });

async function isThere(file: string): Promise<boolean> {
  try {
    await readFile(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
