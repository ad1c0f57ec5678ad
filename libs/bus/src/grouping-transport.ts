import { NodeTransport } from '@nats-io/transport-node/lib/node_transport.js';

/**
 * Sends what is published in one turn of the event loop as one write. Answers are published in turns of promises, each of
 * which would make a system call of its own, and those are most of what a message costs.
 */
export class GroupingTransport extends NodeTransport {
  private isGrouping = false;

  override send(frame: Uint8Array): void {
    const { socket } = this;
    if (!this.isGrouping && !this.isClosed) {
      this.isGrouping = true;
      socket.cork();
      setImmediate(() => {
        this.isGrouping = false;
        socket.uncork();
      });
    }
    super.send(frame);
  }

  override close(error?: Error): Promise<void> {
    // What was sent before goes out, as if it were not grouped.
    if (this.isGrouping) this.socket.uncork();
    return super.close(error);
  }
}
