import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { knownHostsLine, type SshLogin } from '@decent-cloud/messages/contracts';
import { CliError, EXIT } from '../exit.ts';

export interface SshSession {
  readonly target: SshLogin;
  readonly identityFile: string | undefined;
  /** Absent: a shell. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Nobody is there to answer questions. */
  readonly batch?: boolean;
  readonly signal?: AbortSignal;
  /** Keeps the output instead of passing it on. */
  readonly capture?: boolean;
}

export interface SshOutcome {
  readonly exitCode: number;
  readonly output: string;
}

/** Runs the system's ssh; only the host key that the agent reported is trusted, where it is known. */
export async function openSshSession(session: SshSession): Promise<SshOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'dc-ssh-'));
  try {
    const knownHosts = join(folder, 'known_hosts');
    const { hostKey } = session.target;
    if (hostKey !== undefined) await writeFile(knownHosts, knownHostsLine(session.target), { mode: 0o600 });
    return await start(session, sshArguments(session, hostKey === undefined ? undefined : knownHosts));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The arguments of ssh. Without a known host key the user's own known_hosts decide. */
export function sshArguments(session: SshSession, knownHosts: string | undefined): string[] {
  const { target, identityFile, command, batch } = session;
  const options = [
    ...(knownHosts === undefined
      ? batch
        ? ['StrictHostKeyChecking=accept-new', 'UserKnownHostsFile=/dev/null']
        : []
      : [
          'StrictHostKeyChecking=yes',
          `UserKnownHostsFile="${knownHosts}"`,
          'GlobalKnownHostsFile=/dev/null',
          'UpdateHostKeys=no',
        ]),
    ...(identityFile === undefined ? [] : ['IdentitiesOnly=yes']),
    ...(batch ? ['BatchMode=yes'] : []),
    'ConnectTimeout=15',
  ];
  return [
    ...(identityFile === undefined ? [] : ['-i', identityFile]),
    ...options.flatMap((option) => ['-o', option]),
    '-p',
    String(target.port),
    '-l',
    target.user,
    '--',
    target.host,
    ...command,
  ];
}

function start(session: SshSession, args: readonly string[]): Promise<SshOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn('ssh', args, {
      env: session.env,
      stdio: session.capture ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      ...(session.capture && session.signal && { signal: session.signal }),
    });
    let output = '';
    const keep = (piece: Buffer): void => {
      output = (output + piece.toString()).slice(-64_000);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.on('error', (cause: NodeJS.ErrnoException) => {
      const isMissing = cause.code === 'ENOENT';
      reject(
        isMissing
          ? new CliError(
              EXIT.configuration,
              'SSH_MISSING',
              'There is no ssh on this machine',
              'Install the OpenSSH client.',
              { cause },
            )
          : cause,
      );
    });
    child.on('close', (code, signal) =>
      resolve({ exitCode: code ?? (signal === 'SIGINT' ? 130 : 143), output }),
    );
  });
}
