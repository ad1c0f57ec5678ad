import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Connection, ServerChannel } from 'ssh2';
import { isConnectedFrom, isListeningIn } from './sockets.ts';

export interface ForwardingOptions {
  readonly externalId: string;
  /** Ports that are other machines' or may become so. */
  readonly reserved: { readonly from: number; readonly to: number };
  readonly onFault: (error: unknown) => void;
}

const MOST_CHANNELS = 64;
const MOST_LISTENERS = 16;
const FIRST_FREE_PORT = 1_024;
const CONNECT_MS = 10_000;
const HOST = '127.0.0.1';
const HOSTS: Readonly<Record<string, string>> = { localhost: HOST, [HOST]: HOST, '::1': '::1' };

/**
 * `-L` and `-R` of one connection. All machines share the loopback address: what is forwarded ends at programs of this machine, and
 * begins at them. Other machines' ports and the platform's are nobody's business here.
 */
export class Forwarding {
  private readonly listeners = new Map<number, Server>();
  private readonly sockets = new Set<Socket>();
  private ended = false;

  constructor(
    private readonly connection: Connection,
    private readonly options: ForwardingOptions,
  ) {
    connection.on('tcpip', (accept, reject, { destIP, destPort }) => {
      this.reach(destIP, destPort, accept).then((reached) => reached || reject(), options.onFault);
    });
    connection.on('request', (accept, reject, name, info) => {
      const port = (info as { readonly bindPort?: number }).bindPort ?? -1;
      if (name === 'cancel-tcpip-forward') {
        (this.stop(port) ? accept : reject)?.();
      } else if (name === 'tcpip-forward') {
        const { bindAddr = '' } = info as { readonly bindAddr?: string };
        this.listen(port, bindAddr).then(
          (bound) => (bound === undefined ? reject?.() : accept?.(bound)),
          options.onFault,
        );
      } else reject?.();
    });
    connection.on('close', () => this.end());
  }

  end(): void {
    this.ended = true;
    for (const port of [...this.listeners.keys()]) this.stop(port);
    for (const socket of this.sockets) socket.destroy();
  }

  private async reach(wanted: string, port: number, accept: () => ServerChannel): Promise<boolean> {
    const host = HOSTS[wanted];
    if (host === undefined || this.sockets.size >= MOST_CHANNELS) return false;
    if (!(await this.isOwn(host, port))) return false;
    const socket = await this.connected(host, port);
    if (!socket) return false;
    // Somebody else may have taken the port in between.
    if (this.ended || !(await this.isOwn(host, port))) {
      socket.destroy();
      return false;
    }
    join(socket, accept());
    return true;
  }

  private isOwn(host: string, port: number): Promise<boolean> {
    return isListeningIn(this.options.externalId, host, port);
  }

  private connected(host: string, port: number): Promise<Socket | undefined> {
    const socket = this.keep(connect({ host, port, allowHalfOpen: true }));
    socket.setTimeout(CONNECT_MS, () => socket.destroy());
    return new Promise((resolve) => {
      socket.once('close', () => resolve(undefined));
      socket.once('connect', () => {
        socket.setTimeout(0);
        resolve(socket);
      });
    });
  }

  /** @returns the port; nothing when it cannot be had */
  private async listen(port: number, bindAddr: string): Promise<number | undefined> {
    const { from, to } = this.options.reserved;
    const isFree = port === 0 || (port >= FIRST_FREE_PORT && (port < from || port > to));
    if (!isFree || this.listeners.size >= MOST_LISTENERS) return undefined;
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
    const bound = await new Promise<number | undefined>((resolve) => {
      server.once('error', () => resolve(undefined));
      server.listen(port, HOST, () => resolve((server.address() as { port: number }).port));
    });
    if (bound === undefined) return undefined;
    server.on('error', this.options.onFault);
    server.on('connection', (socket) => {
      this.hand(this.keep(socket), bound, bindAddr).catch(this.options.onFault);
    });
    this.listeners.set(bound, server);
    if (this.ended) this.stop(bound);
    return bound;
  }

  private async hand(socket: Socket, port: number, bindAddr: string): Promise<void> {
    const { remoteAddress = HOST, remotePort = 0 } = socket;
    const isOwn = await isConnectedFrom(this.options.externalId, remotePort, port);
    if (!isOwn || this.ended || this.sockets.size > MOST_CHANNELS) {
      socket.destroy();
      return;
    }
    this.connection.forwardOut(bindAddr, port, remoteAddress, remotePort, (error, channel) => {
      if (error) socket.destroy();
      else join(socket, channel);
    });
  }

  private stop(port: number): boolean {
    const server = this.listeners.get(port);
    this.listeners.delete(port);
    server?.close();
    return server !== undefined;
  }

  /** A connection that breaks is everyday: its other half ends, and that is all. */
  private keep(socket: Socket): Socket {
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.sockets.delete(socket));
    return socket;
  }
}

function join(socket: Socket, channel: ServerChannel): void {
  channel.on('error', () => socket.destroy());
  channel.on('close', () => socket.destroy());
  socket.on('close', () => channel.close());
  channel.pipe(socket);
  socket.pipe(channel);
  socket.resume();
}
