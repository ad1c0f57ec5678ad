import ssh2, { type AuthContext, type Connection, type ParsedKey } from 'ssh2';
import { Forwarding } from './forwarding.ts';
import type { PasswordHash } from './local-machine.stored.ts';
import { isPassword } from './password.ts';
import { type SessionOptions, TenantSession } from './session.ts';

export const LOGIN_USER = 'dc';
const USERS: readonly string[] = [LOGIN_USER, 'root'];
export const HOST = '127.0.0.1';
const SIGN_IN_SECONDS = 30;
const MOST_CONNECTIONS = 32;
const MOST_SESSIONS = 10;
const MOST_PASSWORDS = 6;

export interface SshServerOptions {
  readonly externalId: string;
  readonly hostKey: string;
  readonly port: number;
  readonly home: string;
  /** Of the host: those that machines are reached at. */
  readonly machinePorts: { readonly from: number; readonly to: number };
  /** Absent: as many as the host has. */
  readonly cpuCores: number | undefined;
  readonly allowedKeys: readonly string[];
  readonly password: PasswordHash | undefined;
  readonly onFault: (error: unknown) => void;
}

/** The keys that this server can check; others are left out. */
export function usableKeys(lines: readonly string[]): ParsedKey[] {
  return lines.flatMap((line) => {
    const parsed = ssh2.utils.parseKey(line);
    return parsed instanceof Error || parsed.isPrivateKey() ? [] : [parsed];
  });
}

/** A real SSH server on the loopback address for one machine. The tenant's keys get in, and a password once one is set. */
export class SshServer {
  private readonly server: ssh2.Server;
  private readonly options: SshServerOptions;
  private readonly connections = new Set<Connection>();
  private readonly sessions = new Set<TenantSession>();
  private keys: readonly ParsedKey[];
  private password: PasswordHash | undefined;
  private cpuCores: number | undefined;

  private constructor(options: SshServerOptions) {
    this.options = options;
    this.keys = usableKeys(options.allowedKeys);
    this.password = options.password;
    this.cpuCores = options.cpuCores;
    this.server = new ssh2.Server(
      { hostKeys: [options.hostKey], ident: 'dc-local', keepaliveInterval: 30_000, keepaliveCountMax: 3 },
      (connection) => this.accept(connection),
    );
  }

  /** @throws with code EADDRINUSE when something else has the port */
  static async open(options: SshServerOptions): Promise<SshServer> {
    const ssh = new SshServer(options);
    await new Promise<void>((resolve, reject) => {
      ssh.server.once('error', reject);
      ssh.server.listen(options.port, HOST, () => {
        ssh.server.off('error', reject);
        ssh.server.on('error', options.onFault);
        resolve();
      });
    });
    return ssh;
  }

  /** For new connections; present ones stay. */
  allow(lines: readonly string[], password: PasswordHash | undefined, cpuCores: number | undefined): void {
    this.keys = usableKeys(lines);
    this.password = password;
    this.cpuCores = cpuCores;
  }

  /** Ends sessions and connections and frees the port. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve, reject) =>
      this.server.close((error?: Error) => (error ? reject(error) : resolve())),
    );
    for (const session of this.sessions) session.end();
    for (const connection of this.connections) connection.end();
    // A client that does not hang up is hung up on.
    const late = setTimeout(() => {
      for (const connection of this.connections) destroy(connection);
    }, 200);
    await closed.finally(() => clearTimeout(late));
  }

  private accept(connection: Connection): void {
    if (this.connections.size >= MOST_CONNECTIONS) {
      connection.once('error', () => connection.end());
      connection.end();
      return;
    }
    this.connections.add(connection);
    const late = setTimeout(() => connection.end(), SIGN_IN_SECONDS * 1_000);
    connection.on('close', () => {
      clearTimeout(late);
      this.connections.delete(connection);
    });
    // Scanners and clients that hang up are everyday: their connection ends and that is all.
    connection.on('error', () => connection.end());
    let user = LOGIN_USER;
    let passwords = 0;
    connection.on('authentication', (context) => {
      if (context.method === 'password' && ++passwords > MOST_PASSWORDS) {
        connection.end();
        return;
      }
      this.admits(context).then(
        (admitted) => {
          if (admitted) {
            user = context.username;
            context.accept();
          } else context.reject(this.password ? ['publickey', 'password'] : ['publickey']);
        },
        (error: unknown) => {
          this.options.onFault(error);
          connection.end();
        },
      );
    });
    connection.on('ready', () => clearTimeout(late));
    const { externalId, machinePorts, onFault } = this.options;
    new Forwarding(connection, { externalId, reserved: machinePorts, onFault });
    let open = 0;
    connection.on('session', (accept, reject) => {
      if (open >= MOST_SESSIONS) {
        reject?.();
        return;
      }
      open++;
      const { externalId, home, onFault } = this.options;
      const options: SessionOptions = { externalId, cpuCores: this.cpuCores, home, user, onFault };
      const session = accept();
      const tenant = new TenantSession(session, connection, options);
      this.sessions.add(tenant);
      session.on('close', () => {
        open--;
        this.sessions.delete(tenant);
      });
    });
  }

  /** A client first asks whether a key would do, and then signs with it. */
  private async admits(context: AuthContext): Promise<boolean> {
    if (!USERS.includes(context.username)) return false;
    if (context.method === 'password') {
      return this.password !== undefined && isPassword(context.password, this.password);
    }
    if (context.method !== 'publickey') return false;
    const key = this.keys.find((candidate) => candidate.getPublicSSH().equals(context.key.data));
    if (!key) return false;
    if (context.signature === undefined) return true;
    return (
      context.blob !== undefined && key.verify(context.blob, context.signature, context.hashAlgo) === true
    );
  }
}

/** The socket is not in the public types. */
function destroy(connection: Connection): void {
  (connection as unknown as { _sock?: { destroy(): void } })._sock?.destroy();
}
