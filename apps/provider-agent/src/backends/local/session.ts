import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Connection, ServerChannel, Session } from 'ssh2';
import { limitableCpus } from './cpus.ts';
import { inMachine, MACHINE_MARK, SESSION_MARK, signalGroup, signalOne } from './processes.ts';
import { serveFiles } from './sftp.ts';
import { canMakeTerminals, inTerminal, resizeTerminal, type WindowSize } from './terminal.ts';

export interface SessionOptions {
  readonly externalId: string;
  readonly cpuCores: number | undefined;
  readonly home: string;
  readonly user: string;
  readonly onFault: (error: unknown) => void;
}

export const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const SHELL = existsSync('/bin/bash') ? '/bin/bash' : '/bin/sh';
const ACCEPTED_VARIABLES = /^(LANG|LC_[A-Z]+)$/;
const SIGNALS: readonly string[] = [
  'HUP',
  'INT',
  'QUIT',
  'TERM',
  'KILL',
  'USR1',
  'USR2',
  'ALRM',
  'PIPE',
  'ABRT',
];
const MOST_VARIABLES = 20;
/** With `/tmux-<uid>/default` it is the path of a socket, which has 107 bytes. */
const LONGEST_TMUX_FOLDER = 82;
const NOTICE =
  'This is a machine for trying out: a folder on the host, with no isolation. It goes away with its contract. Ports are forwarded ' +
  (process.platform === 'linux'
    ? 'to and from its own programs only, and X11 and agents not at all.'
    : 'on Linux only: here they are not.');

/** One session of a tenant: what it runs is in a process group of its own, and is hung up on with it. */
export class TenantSession {
  private readonly options: SessionOptions;
  private readonly id = randomUUID();
  private readonly variables = new Map<string, string>();
  private terminal: (WindowSize & { readonly name: string }) | undefined;
  private child: ChildProcessWithoutNullStreams | undefined;
  private inTerminal = false;
  private begun = false;
  private ended = false;

  constructor(session: Session, connection: Connection, options: SessionOptions) {
    this.options = options;
    session.on('env', (accept, reject, { key, val }: { key: string; val: string }) => {
      const wanted =
        ACCEPTED_VARIABLES.test(key) && this.variables.size < MOST_VARIABLES && !val.includes('\0');
      if (wanted) this.variables.set(key, val);
      (wanted ? accept : reject)?.();
    });
    session.on('pty', (accept, _reject, info) => {
      const name = (info as { term?: string }).term ?? '';
      this.terminal = {
        name: /^[\w.+-]{1,32}$/.test(name) ? name : 'dumb',
        rows: info.rows,
        columns: info.cols,
      };
      accept?.();
    });
    session.on('window-change', (accept, _reject, info) => {
      accept?.();
      this.resize({ rows: info.rows, columns: info.cols });
    });
    session.on('signal', (accept, reject, { name }) => {
      const known = SIGNALS.includes(name) && this.child?.pid !== undefined;
      if (known) signalGroup(this.child?.pid as number, `SIG${name}` as NodeJS.Signals);
      (known ? accept : reject)?.();
    });
    session.on('exec', (accept, reject, { command }) => this.begin(accept, reject, command));
    session.on('shell', (accept, reject) => this.begin(accept, reject));
    session.on('sftp', (accept, reject) => {
      if (this.begun || this.ended) {
        reject?.();
        return;
      }
      this.begun = true;
      serveFiles(accept(), options.home, options.onFault);
    });
    session.on('auth-agent', (_accept, reject) => reject?.());
    session.on('x11', (_accept, reject) => reject?.());
    session.on('close', () => this.end());
    connection.on('close', () => this.end());
  }

  /** Hangs up, as a line that breaks does; what goes on in the background ends with the machine. Safe to repeat. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.hangUp();
  }

  private hangUp(): void {
    const { child } = this;
    if (!child) return;
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      // When the terminal goes, the kernel tells the programs in it; `script` itself does not hear of a hang-up.
      if (this.inTerminal) signalOne(child.pid, 'SIGKILL');
      else signalGroup(child.pid, 'SIGHUP');
    }
    // What writes on finds nobody there, instead of waiting for ever.
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  }

  private begin(accept: () => ServerChannel, reject: () => void, command?: string): void {
    if (this.begun || this.ended || command?.includes('\0')) {
      reject?.();
      return;
    }
    this.begun = true;
    const channel = accept();
    channel.on('error', this.options.onFault);
    this.run(channel, command).catch((error: unknown) => {
      this.options.onFault(error);
      channel.stderr.write('dc-agent: the command could not be started\n');
      tellEnd(channel, 126, null);
    });
  }

  private async run(channel: ServerChannel, command: string | undefined): Promise<void> {
    const inShell = command === undefined;
    const hasTerminal = this.terminal !== undefined && (await canMakeTerminals());
    if (inShell && this.terminal) channel.write(`${await this.notice()}\r\n`);
    const [program, args] = hasTerminal
      ? inTerminal(command ?? `exec ${SHELL} -i`, this.terminal as WindowSize)
      : [SHELL, inShell ? (this.terminal ? ['-i'] : []) : ['-c', command]];
    this.inTerminal = hasTerminal;
    const child = spawn(...(await inMachine(this.options, program, args)), {
      cwd: this.options.home,
      env: this.environment(),
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child = child;
    if (this.ended) this.hangUp();
    connect(channel, child, this.options.onFault);
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        if (!channel.destroyed) tellEnd(channel, code, signal);
        resolve();
      });
    });
  }

  private async notice(): Promise<string> {
    const { cpuCores } = this.options;
    if (cpuCores === undefined || (await limitableCpus())) return NOTICE;
    return `${NOTICE} All CPUs of the host are seen, whatever was rented.`;
  }

  private resize(size: WindowSize): void {
    if (!this.terminal) return;
    this.terminal = { ...this.terminal, ...size };
    const pid = this.child?.pid;
    if (pid !== undefined) resizeTerminal(pid, size).catch(this.options.onFault);
  }

  private environment(): NodeJS.ProcessEnv {
    const { home, user, externalId } = this.options;
    return {
      ...Object.fromEntries(this.variables),
      PATH,
      SHELL,
      HOME: home,
      PWD: home,
      USER: user,
      LOGNAME: user,
      ...(this.terminal && { TERM: this.terminal.name, PS1: `${user}@${externalId}:\\w\\$ ` }),
      // All machines have the same user, and one server of tmux must not be everybody's.
      ...(Buffer.byteLength(home) <= LONGEST_TMUX_FOLDER && { TMUX_TMPDIR: home }),
      [MACHINE_MARK]: externalId,
      [SESSION_MARK]: this.id,
    };
  }
}

function connect(
  channel: ServerChannel,
  child: ChildProcessWithoutNullStreams,
  onFault: (error: unknown) => void,
): void {
  // A program that does not read its input to the end is none of our business.
  child.stdin.on('error', (error: NodeJS.ErrnoException) => {
    if (!['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED'].includes(error.code ?? '')) onFault(error);
  });
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
}

/** The channel closes by itself once the client has taken all that was written. */
function tellEnd(channel: ServerChannel, code: number | null, signal: NodeJS.Signals | null): void {
  if (signal) channel.exit(signal.replace(/^SIG/, ''), false, '');
  else channel.exit(code ?? 255);
  channel.stderr.end(() => channel.end());
}
