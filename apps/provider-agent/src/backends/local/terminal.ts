import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
}

let available: Promise<boolean> | undefined;

/** Is there util-linux' `script`, which gives a program a terminal? */
export function canMakeTerminals(): Promise<boolean> {
  available ??= run('script', ['--version'], { timeout: 5_000 }).then(
    ({ stdout }) => stdout.includes('util-linux'),
    () => false,
  );
  return available;
}

const clamp = (value: number): number => Math.min(Math.max(Math.trunc(value) || 0, 1), 1_000);

/** The command line that runs `command` in a terminal of this size, its exit code passed on. */
export function inTerminal(command: string, size: WindowSize): readonly [string, readonly string[]] {
  const resized = `stty rows ${clamp(size.rows)} cols ${clamp(size.columns)} 2>/dev/null; ${command}`;
  return ['script', ['--quiet', '--flush', '--return', '--command', resized, '/dev/null']];
}

/** Tells the terminal of a running `script` its new size; the programs in it get SIGWINCH. */
export async function resizeTerminal(scriptPid: number, size: WindowSize): Promise<void> {
  const children = await readFile(`/proc/${scriptPid}/task/${scriptPid}/children`, 'latin1');
  const child = children.trim().split(' ')[0];
  if (!child) return;
  const terminal = await readlink(`/proc/${child}/fd/0`);
  if (!/^\/dev\/pts\/\d+$/.test(terminal)) return;
  await run('stty', ['-F', terminal, 'rows', `${clamp(size.rows)}`, 'cols', `${clamp(size.columns)}`], {
    timeout: 5_000,
  });
}
