import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError, EXIT } from '../failure.ts';
import type { Address } from './show.ts';

export interface SshOptions {
  readonly identityFile?: string | undefined;
  readonly command?: readonly string[];
  /** `pipe` gives what the command printed. */
  readonly capture?: boolean;
}

export interface SshOutcome {
  readonly exitCode: number;
  readonly stdout: string;
}

/** Arguments for the system's `ssh`, with the machine's host key pinned when the agent has told it. */
export function sshArguments(address: Address, knownHostsFile: string, options: SshOptions): string[] {
  return [
    ...['-p', String(address.port)],
    ...(options.identityFile === undefined ? [] : ['-i', options.identityFile, '-o', 'IdentitiesOnly=yes']),
    ...['-o', `UserKnownHostsFile=${knownHostsFile}`, '-o', 'ConnectTimeout=15'],
    ...['-o', `StrictHostKeyChecking=${address.hostKey === undefined ? 'accept-new' : 'yes'}`],
    `${address.user}@${address.host}`,
    ...(options.command ?? []),
  ];
}

/** One known_hosts line: the port stands in brackets unless it is 22. */
export function knownHostLine(address: Address): string {
  const host = address.port === 22 ? address.host : `[${address.host}]:${address.port}`;
  const [type = '', blob = ''] = (address.hostKey ?? '').split(' ');
  return `${host} ${type} ${blob}\n`;
}

/** Opens a session with the system's `ssh` and waits for its end. @throws CliError when there is no ssh */
export async function openSsh(address: Address, options: SshOptions = {}): Promise<SshOutcome> {
  const folder = mkdtempSync(join(tmpdir(), 'dc-ssh-'));
  try {
    const knownHosts = join(folder, 'known_hosts');
    if (address.hostKey !== undefined) writeFileSync(knownHosts, knownHostLine(address), { mode: 0o600 });
    return await new Promise<SshOutcome>((resolve, reject) => {
      const stdio = options.capture ? (['ignore', 'pipe', 'inherit'] as const) : ('inherit' as const);
      const child = spawn('ssh', sshArguments(address, knownHosts, options), { stdio: stdio as never });
      let stdout = '';
      child.stdout?.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      child.once('error', (cause) =>
        reject(
          new CliError(
            EXIT.configuration,
            `ssh cannot be started: ${cause.message}`,
            'Install the OpenSSH client.',
          ),
        ),
      );
      child.once('close', (code, signal) => {
        const exitCode = signal === null ? (code ?? 1) : 128 + (constants.signals[signal] ?? 0);
        resolve({ exitCode, stdout });
      });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
