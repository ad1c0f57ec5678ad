import '@decent-cloud/kernel/needed-node';
import { homedir } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { text as readAll } from 'node:stream/consumers';
import { run } from './run.ts';

const abort = new AbortController();
process.once('SIGINT', () => abort.abort());
process.once('SIGTERM', () => abort.abort());
// The reader of a pipe may leave early (`dc offering list | head`): that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await run(process.argv.slice(2), {
  env: process.env,
  home: homedir(),
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  stdin: () => readAll(process.stdin),
  confirm: process.stdin.isTTY && process.stderr.isTTY ? confirm : undefined,
  signal: abort.signal,
});

async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal: abort.signal });
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
