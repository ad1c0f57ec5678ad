import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { addressBlock } from '../limits/rate-limiter.ts';

const LOOK_EVERY_MS = 50;

/**
 * Knows the connections of a server: to refuse those of an address that holds too many, and to end the server without
 * waiting for people who only hold the line.
 */
export class OpenConnections {
  private readonly sockets = new Set<Socket>();
  private readonly byAddress = new Map<string, number>();

  constructor(
    private readonly server: Server,
    private readonly mostPerAddress: number,
  ) {
    server.on('connection', (socket: Socket) => this.take(socket, addressBlock(socket.remoteAddress ?? '')));
  }

  /**
   * Ends the server by `close` and lets requests in hand finish. Connections that are idle or fall idle, and those on
   * which nobody has said a word (Node does not count them as idle), end at once; whatever is left at the deadline, too.
   */
  async drain(close: () => Promise<void>, deadlineMs: number): Promise<void> {
    const looking = setInterval(() => this.endIdle(), LOOK_EVERY_MS);
    const ending = setTimeout(() => this.server.closeAllConnections(), deadlineMs);
    try {
      const closed = close();
      this.endIdle();
      await closed;
    } finally {
      clearInterval(looking);
      clearTimeout(ending);
    }
  }

  private take(socket: Socket, address: string): void {
    const count = (this.byAddress.get(address) ?? 0) + 1;
    this.sockets.add(socket);
    this.byAddress.set(address, count);
    socket.once('close', () => {
      this.sockets.delete(socket);
      const left = (this.byAddress.get(address) ?? 1) - 1;
      if (left > 0) this.byAddress.set(address, left);
      else this.byAddress.delete(address);
    });
    if (count > this.mostPerAddress) socket.destroy();
  }

  private endIdle(): void {
    this.server.closeIdleConnections();
    for (const socket of this.sockets) if (socket.bytesRead === 0) socket.destroy();
  }
}
