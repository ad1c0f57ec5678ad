import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ssh2 from 'ssh2';

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

/** Of `ssh`, `scp` and `sftp` alike. */
function optionsOf(target: SshTarget): string[] {
  const options = [
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    'ConnectTimeout=10',
    'LogLevel=ERROR',
    ...(target.knownHosts
      ? ['StrictHostKeyChecking=yes', `UserKnownHostsFile=${target.knownHosts}`]
      : ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null']),
  ];
  return ['-F', '/dev/null', ...options.flatMap((option) => ['-o', option]), '-i', target.key.file];
}

function argumentsOf(target: SshTarget, command?: string): string[] {
  const whom = ['-p', String(target.port), `${target.user ?? 'dc'}@127.0.0.1`];
  return [
    ...(target.flags ?? []),
    ...optionsOf(target),
    ...whom,
    ...(command === undefined ? [] : [command]),
  ];
}

/** Runs `scp` or `sftp`; places there are written `dc@127.0.0.1:…`. */
export function transfer(
  program: 'scp' | 'sftp',
  target: SshTarget,
  args: readonly string[],
  input = '',
): Promise<{ readonly code: number; readonly out: string }> {
  const flags = ['-q', ...optionsOf(target), '-P', String(target.port)];
  return new Promise((resolve) => {
    const child = execFile(program, [...flags, ...args], { timeout: 30_000 }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out: `${out}${err}` }),
    );
    child.stdin?.end(input);
  });
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

/** Can one sign in with this password? */
export function signsInByPassword(port: number, password: string, username: string): Promise<boolean> {
  const client = new ssh2.Client();
  return new Promise<boolean>((resolve, reject) => {
    client.once('ready', () => resolve(true));
    client.once('error', (error: Error & { level?: string }) =>
      error.level === 'client-authentication' ? resolve(false) : reject(error),
    );
    client.connect({ host: '127.0.0.1', port, username, password, readyTimeout: 60_000 });
  }).finally(() => client.end());
}
