import type { Server } from 'node:http';
import type { Socket } from 'node:net';

const LOOK_EVERY_MS = 50;

/** Knows the connections of a server, to end it without waiting for people who only hold the line. */
export class OpenConnections {
  private readonly sockets = new Set<Socket>();

  constructor(private readonly server: Server) {
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
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

  private endIdle(): void {
    this.server.closeIdleConnections();
    for (const socket of this.sockets) if (socket.bytesRead === 0) socket.destroy();
  }
}
