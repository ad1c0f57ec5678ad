import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, constants, lstat, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endWithoutInterpreter, interpreterOf, withoutMark } from '../../domain/interpreter.ts';
import { outputsOf, scriptLogOf } from '../../domain/script-log.ts';
import { writeDurably } from '../../journal/durable-file.ts';
import type { ScriptResult } from '../backend.ts';
import { Tail } from '../tail.ts';
import { inMachine, killAll, SESSION_MARK, signalGroup } from './processes.ts';

export interface LocalScript {
  readonly script: string;
  readonly externalId: string;
  readonly cpuCores?: number | undefined;
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
const NOT_FOUND = 127;
const NOT_RUNNABLE = 126;
const LAST_WORDS_MS = 1_000;

/** Runs the script of a command, once for each machine: of one that has ended already there is no result. */
export async function runLocalScript(run: LocalScript): Promise<ScriptResult | undefined> {
  const file = join(run.folder, `script-${createHash('sha256').update(run.script).digest('hex')}`);
  const done = `${file}.done`;
  if (await isThere(done)) return undefined;
  await rm(file, { force: true });
  const script = withoutMark(run.script);
  await writeFile(file, script, { mode: 0o700 });
  const interpreter = interpreterOf(script);
  const fault = interpreter === undefined ? undefined : await faultOf(resolve(run.home, interpreter));
  const result =
    interpreter !== undefined && fault
      ? endWithoutInterpreter(interpreter, fault)
      : await execute(file, interpreter !== undefined, run);
  await writeDurably(done, String(result.exitCode));
  return result;
}

/** Can a script be handed to this program? */
async function faultOf(interpreter: string): Promise<'missing' | 'not-runnable' | undefined> {
  try {
    if (!(await stat(interpreter)).isFile()) return 'not-runnable';
    await access(interpreter, constants.X_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'not-runnable' : 'missing';
  }
}

async function execute(file: string, isProgram: boolean, run: LocalScript): Promise<ScriptResult> {
  // One that a crash of the agent has left running is ended and run anew.
  await endAll(run.session);
  const [program, args] = isProgram ? [file, []] : ['/bin/sh', [file]];
  const child = spawn(...(await inMachine(run, program, args)), {
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
    }).catch((error: NodeJS.ErrnoException) => {
      // What the kernel does not run is the fault of the script.
      if (!error.syscall?.startsWith('spawn')) throw error;
      err.add(Buffer.from(`the script cannot be run: ${error.code}\n`));
      return error.code === 'ENOENT' ? NOT_FOUND : NOT_RUNNABLE;
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
    await lstat(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
