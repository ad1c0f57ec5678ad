import { connect, createServer } from 'node:net';
import { BackendError } from '../backend.ts';
import { inOrder, type PortWishes } from '../port-wishes.ts';

/** Ports of the host for new machines. One that was handed out stays taken until it is given back. */
export class Ports {
  private readonly range: { readonly address: string; readonly start: number; readonly end: number };
  private readonly reserved = new Set<number>();

  constructor(range: { address: string; start: number; end: number }) {
    this.range = range;
  }

  /** @throws BackendError when none is free */
  async take(used: ReadonlySet<number>, wishes?: PortWishes): Promise<number> {
    const { address, start, end } = this.range;
    for (const port of inOrder(start, end, wishes)) {
      if (used.has(port) || this.reserved.has(port)) continue;
      this.reserved.add(port);
      try {
        if (await isFree(port, address)) return port;
      } catch (error) {
        this.reserved.delete(port);
        throw error;
      }
      this.reserved.delete(port);
    }
    throw new BackendError({
      class: 'capacity',
      code: 'NO_FREE_PORT',
      message: `no port from ${start} to ${end} is free`,
    });
  }

  giveBack(port: number): void {
    this.reserved.delete(port);
  }
}

function isFree(port: number, address: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRNOTAVAIL') {
        resolve(false);
        return;
      }
      reject(
        new BackendError({
          class: 'config',
          code: 'ADDRESS_NOT_HERE',
          message: `publish_address ${address} is not an address of this host`,
        }),
      );
    });
    probe.listen(port, address, () => probe.close(() => resolve(true)));
  });
}

const BANNER_MS = 2_000;

/** Does an SSH server greet there? */
export function greetsAsSsh(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    let text = '';
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(BANNER_MS, () => end(false));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (text.length >= 4) end(text.startsWith('SSH-'));
    });
  });
}
