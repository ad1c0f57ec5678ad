import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { upsAndDowns } from '@decent-cloud/kernel';
import { connectBus } from './connect.ts';

const INFO = `INFO ${JSON.stringify({ server_id: 'S', version: '2.15.0', headers: true, max_payload: 1_000_000 })}\r\n`;

/** A broker that lets in, or refuses whoever signs in. */
class StrictBroker {
  readonly sockets = new Set<Socket>();
  refusals = 0;
  toRefuse = 0;
  private readonly server: Server = createServer((socket) => this.accept(socket));

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `nats://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.server.close();
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket)).on('error', () => undefined);
    socket.write(INFO);
    socket.on('data', (data) => {
      const text = data.toString();
      if (text.includes('CONNECT ') && this.refusals < this.toRefuse) {
        this.refusals++;
        socket.end("-ERR 'Authorization Violation'\r\n");
      } else if (text.includes('PING')) socket.write('PONG\r\n');
    });
  }
}

test('a connection that comes back after three refused attempts is told as back once', async () => {
  const broker = new StrictBroker();
  const connection = await connectBus({ servers: await broker.listen(), name: 'spec' });
  try {
    const changeBy = upsAndDowns();
    const told: string[] = [];
    const changes: string[] = [];
    void (async () => {
      for await (const status of connection.status()) {
        told.push(status.type);
        const change = changeBy(status);
        if (change) changes.push(change);
      }
    })();
    broker.toRefuse = 3;
    broker.cut();
    while (changes.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    await connection.flush();
    // The client says it once for each attempt; that is why somebody has to count.
    expect(told.filter((type) => type === 'reconnect')).toHaveLength(4);
    expect(changes).toEqual(['down', 'up']);
  } finally {
    await connection.close();
    broker.close();
  }
});
