import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from 'node:net';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** A TCP proxy that misbehaves on request: slow, cut, or silent with open connections. */
export class FaultProxy {
  private readonly pairs = new Set<Pair>();
  private mode: 'well' | 'cut' | 'half-open' = 'well';
  private delayMs = 0;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async start(target: { readonly host: string; readonly port: number }): Promise<FaultProxy> {
    const server = createServer({ allowHalfOpen: false });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const proxy = new FaultProxy(server, (server.address() as AddressInfo).port);
    server.on('connection', (near) => proxy.accept(near, target));
    return proxy;
  }

  /** Every chunk waits so long, in both directions. */
  delay(delayMs: number): void {
    this.delayMs = delayMs;
  }

  /** Ends every connection and refuses new ones. */
  cut(): void {
    this.mode = 'cut';
    this.drop();
  }

  /** Connections stay open and new ones are accepted, but nothing passes; what is sent meanwhile is lost. */
  halfOpen(): void {
    this.mode = 'half-open';
  }

  /** Normal again. Connections that lost something are ended, as the real network would in the end. */
  heal(): void {
    if (this.mode === 'half-open') this.drop();
    this.mode = 'well';
    this.delayMs = 0;
  }

  async close(): Promise<void> {
    this.drop();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(near: Socket, target: { readonly host: string; readonly port: number }): void {
    if (this.mode === 'cut') {
      near.on('error', () => undefined);
      near.resetAndDestroy();
      return;
    }
    const far = dial(target.port, target.host);
    const pair = { near, far };
    this.pairs.add(pair);
    const end = () => {
      this.pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.setNoDelay(true);
      from.on('data', (chunk) => this.pass(chunk, to));
      from.on('error', end);
      from.on('close', () => {
        if (this.mode !== 'half-open') end();
      });
    }
  }

  private pass(chunk: Buffer, to: Socket): void {
    if (this.mode !== 'well') return;
    if (this.delayMs === 0) to.write(chunk);
    else
      setTimeout(() => {
        if (this.mode === 'well' && !to.destroyed) to.write(chunk);
      }, this.delayMs);
  }

  private drop(): void {
    for (const { near, far } of this.pairs) {
      near.resetAndDestroy();
      far.destroy();
    }
    this.pairs.clear();
  }
}
