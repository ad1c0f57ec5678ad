import { createServer } from 'node:net';
import { BackendError } from '../backend.ts';
import { inOrder, type PortWishes } from '../port-wishes.ts';
import { HOST } from './ssh-server.ts';

/** The ports of the host that machines may have: one for each, from its making to its end. */
export class LocalPorts {
  /** Between their choice and their use. */
  readonly reserved = new Set<number>();

  constructor(private readonly range: { readonly portRangeStart: number; readonly portRangeEnd: number }) {}

  /** One that nothing has, the wanted one if it can be; it is kept until it is given back. @throws BackendError */
  async take(machines: readonly { readonly port: number }[], wanted?: PortWishes): Promise<number> {
    const { portRangeStart, portRangeEnd } = this.range;
    const taken = new Set(machines.map((machine) => machine.port));
    for (const port of inOrder(portRangeStart, portRangeEnd, wanted)) {
      if (taken.has(port) || this.reserved.has(port)) continue;
      this.reserved.add(port);
      if (await isFree(port)) return port;
      this.reserved.delete(port);
    }
    throw new BackendError({
      class: 'capacity',
      code: 'NO_FREE_PORT',
      message: `no port from ${portRangeStart} to ${portRangeEnd} is free`,
    });
  }

  giveBack(port: number): void {
    this.reserved.delete(port);
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, HOST, () => probe.close(() => resolve(true)));
  });
}
