import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface SshKey {
  readonly file: string;
  readonly publicKey: string;
}

export async function newSshKey(folder: string, name: string, type = 'ed25519'): Promise<SshKey> {
  const file = join(folder, name);
  await run('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', name, '-f', file]);
  return { file, publicKey: (await readFile(`${file}.pub`, 'utf8')).trim() };
}

export interface SshTarget {
  readonly port: number;
  readonly key: SshKey;
  readonly user?: string;
  /** `-t` gives a terminal. */
  readonly flags?: readonly string[];
  readonly knownHosts?: string;
}

function argumentsOf(target: SshTarget, command?: string): string[] {
  const options = [
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    'ConnectTimeout=10',
    'LogLevel=ERROR',
    ...(target.knownHosts
      ? ['StrictHostKeyChecking=yes', `UserKnownHostsFile=${target.knownHosts}`]
      : ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null']),
  ];
  return [
    '-F',
    '/dev/null',
    ...(target.flags ?? []),
    ...options.flatMap((option) => ['-o', option]),
    '-i',
    target.key.file,
    '-p',
    String(target.port),
    `${target.user ?? 'dc'}@127.0.0.1`,
    ...(command === undefined ? [] : [command]),
  ];
}

export interface SshResult {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs a command by the real client. */
export async function ssh(target: SshTarget, command?: string, input?: Buffer | string): Promise<SshResult> {
  const child = startSsh(target, command);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input ?? '');
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() };
}

export function startSsh(target: SshTarget, command?: string): ChildProcess {
  return spawn('ssh', argumentsOf(target, command), { stdio: ['pipe', 'pipe', 'pipe'] });
}
