import { createHash } from 'node:crypto';
import { noteOnEnd, withoutMark } from '../../domain/interpreter.ts';
import { outputsOf, scriptLogOf } from '../../domain/script-log.ts';
import { BackendError, type ScriptResult } from '../backend.ts';
import { Tail } from '../tail.ts';
import type { Engine } from './engine.ts';
import { engineError } from './engine-error.ts';

const SHORT_COMMAND_MS = 30_000;
/** Of a command that was ended from outside. */
export const KILLED = -1;

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** It has not ended in time, and may go on. */
  readonly isLate: boolean;
}

export interface Command {
  readonly script: string;
  readonly input?: string;
  readonly env?: readonly string[];
  readonly limitMs?: number;
}

/** Runs a shell script inside as root; its input does not appear among its arguments. */
export async function runInside(engine: Engine, id: string, command: Command): Promise<CommandResult> {
  const exec = await engine.createExec(id, {
    Cmd: ['/bin/sh', '-c', command.script],
    User: '0:0',
    Env: [...(command.env ?? [])],
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream = await engine.startExec(exec);
  const out = new Tail();
  const err = new Tail();
  engine.demultiplex(stream, out.writable(), err.writable());
  const { signal } = engine;
  const ending = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let isLate: boolean;
  try {
    isLate = await new Promise<boolean>((resolve, reject) => {
      timer = setTimeout(resolve, command.limitMs ?? SHORT_COMMAND_MS, true);
      const ended = () => resolve(false);
      signal?.addEventListener('abort', () => reject(signal.reason), { signal: ending.signal });
      stream.once('end', ended).once('close', ended);
      // A command that does not read its input is no fault: its exit code tells.
      stream.on('error', (error: NodeJS.ErrnoException) =>
        error.code === 'EPIPE' ? ended() : reject(engineError(error, 'run a command')),
      );
      stream.end(command.input ?? '');
    });
  } finally {
    clearTimeout(timer);
    ending.abort();
    stream.destroy();
  }
  const outputs = { stdout: out.text(), stderr: err.text() };
  if (isLate) return { ...outputs, isLate, exitCode: KILLED };
  const { ExitCode, Running } = await engine.execResult(exec);
  if (Running || ExitCode === null) throw engineError(new Error('the stream broke off'), 'run a command');
  return { ...outputs, isLate, exitCode: ExitCode };
}

/** @throws BackendError when the script does not end with 0 */
export async function mustRunInside(
  engine: Engine,
  id: string,
  what: string,
  command: Command,
): Promise<string> {
  const { exitCode, stdout, stderr, isLate } = await runInside(engine, id, command);
  if (isLate) {
    throw new BackendError({
      class: 'transient',
      code: 'LATE',
      message: `${what} inside the machine did not end in time`,
    });
  }
  if (exitCode === 0) return stdout;
  throw new BackendError({
    class: 'config',
    code: 'COMMAND_FAILED',
    message: `${what} ended with ${exitCode} inside the machine: ${stderr.trim().slice(-300)}`,
  });
}

/** The whole file anew, in one step: what is not among the lines is refused from now on. */
export async function writeAuthorizedKeys(
  engine: Engine,
  id: string,
  lines: readonly string[],
): Promise<void> {
  await mustRunInside(engine, id, 'writing the SSH keys', {
    script: `set -eu
umask 077
mkdir -p /root/.ssh
cat > /root/.ssh/.authorized_keys.new
chown 0:0 /root/.ssh/.authorized_keys.new
mv -f /root/.ssh/.authorized_keys.new /root/.ssh/authorized_keys
rm -f /root/.ssh/authorized_keys2`,
    input: `${lines.join('\n')}\n`,
  });
}

export async function writeRootPassword(engine: Engine, id: string, password: string): Promise<void> {
  if (!/^[\x21-\x7e]{1,128}$/.test(password)) {
    throw new BackendError({
      class: 'permanent',
      code: 'BAD_PASSWORD',
      message: 'a password is 1 to 128 visible ASCII characters',
    });
  }
  await mustRunInside(engine, id, 'chpasswd', { script: 'exec chpasswd', input: `root:${password}\n` });
}

export interface ScriptRun {
  readonly script: string;
  readonly env: readonly string[];
  readonly limitMs: number;
}

/**
 * Runs the tenant's script, once: of a script that has ended already there is no result. One that a crash of the agent
 * has left running is ended and run anew.
 */
export async function runScriptOnce(
  engine: Engine,
  id: string,
  run: ScriptRun,
): Promise<ScriptResult | undefined> {
  const file = `/var/lib/dc/recipe-${createHash('sha256').update(run.script).digest('hex')}`;
  const kill = `if [ -e ${file}.pid ]; then
  p=$(cat ${file}.pid)
  if grep -q ${file} "/proc/$p/cmdline" 2>/dev/null; then kill -9 "-$p"; fi
fi`;
  const { exitCode } = await runInside(engine, id, { script: `test -e ${file}.done` });
  if (exitCode === 0) return undefined;
  const result = await runInside(engine, id, {
    script: `${kill}
umask 077
mkdir -p /var/lib/dc
cat > ${file} || exit 125
chmod 700 ${file}
echo $$ > ${file}.pid
cd /root
if [ "$(head -c 2 ${file})" = '#!' ]; then ${file} < /dev/null; else /bin/sh ${file} < /dev/null; fi
code=$?
echo "$code" > ${file}.done
exit "$code"`,
    input: withoutMark(run.script),
    env: run.env,
    limitMs: run.limitMs,
  });
  if (result.isLate) {
    await mustRunInside(engine, id, 'ending the script', {
      script: `${kill}\necho ${KILLED} > ${file}.done`,
    });
  }
  return {
    success: result.exitCode === 0,
    exitCode: result.exitCode,
    log: scriptLogOf(
      outputsOf(result.stdout, result.stderr) + noteOnEnd(withoutMark(run.script), result.exitCode),
    ),
  };
}
