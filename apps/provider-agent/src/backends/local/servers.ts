import { setTimeout as sleep } from 'node:timers/promises';
import { BackendError } from '../backend.ts';
import type { LocalMachine } from './local-machine.stored.ts';
import type { MachineFiles } from './machine-files.ts';
import { killAll, MACHINE_MARK } from './processes.ts';
import { SshServer } from './ssh-server.ts';

const RETRY_MS = 1_000;

interface Waiting {
  readonly controller: AbortController;
  readonly over: Promise<void>;
}

/** The SSH servers of the machines that run. */
export class LocalServers {
  private readonly servers = new Map<string, SshServer>();
  /** Machines that run, but whose port another program has. */
  private readonly waiting = new Map<string, Waiting>();

  constructor(
    private readonly files: MachineFiles,
    private readonly machinePorts: { readonly from: number; readonly to: number },
    private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  has(externalId: string): boolean {
    return this.servers.has(externalId);
  }

  /**
   * Lets the machine's keys and password in, and no others.
   * @throws BackendError PORT_TAKEN when another program has its port; it is tried again until the machine ends
   */
  async serve(machine: LocalMachine): Promise<void> {
    const { externalId } = machine;
    await this.stopWaiting(externalId);
    try {
      await this.open(machine);
    } catch (error) {
      if (isPortTaken(error)) this.wait(externalId);
      throw error;
    }
  }

  /** For new connections, if it is served. */
  allow({ externalId, sshPublicKeys, password, cpuCores }: LocalMachine): void {
    this.servers.get(externalId)?.allow(sshPublicKeys, password, cpuCores);
  }

  /** Nobody gets in any more, and nothing of the machine runs. */
  async end(externalId: string): Promise<void> {
    await this.stopWaiting(externalId);
    const server = this.servers.get(externalId);
    this.servers.delete(externalId);
    await server?.close();
    await killAll({
      mark: { name: MACHINE_MARK, value: externalId },
      machine: externalId,
      folder: this.files.homeOf(externalId),
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.waiting.keys()].map((externalId) => this.stopWaiting(externalId)));
    await Promise.all([...this.servers.values()].map((server) => server.close()));
    this.servers.clear();
  }

  private async open(machine: LocalMachine): Promise<void> {
    const { externalId, port } = machine;
    if (this.has(externalId)) {
      this.allow(machine);
      return;
    }
    try {
      const server = await SshServer.open({
        externalId,
        hostKey: await this.files.hostKey(externalId),
        port,
        home: this.files.homeOf(externalId),
        machinePorts: this.machinePorts,
        cpuCores: machine.cpuCores,
        allowedKeys: machine.sshPublicKeys,
        password: machine.password,
        onFault: (error) => this.onFault(error, externalId),
      });
      this.servers.set(externalId, server);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      throw new BackendError(
        {
          class: 'transient',
          code: 'PORT_TAKEN',
          message: `port ${port} cannot be opened`,
          resourcesLeft: [{ kind: 'local-machine', id: externalId }],
        },
        { cause: error },
      );
    }
  }

  private wait(externalId: string): void {
    const controller = new AbortController();
    const over = this.openWhenFree(externalId, controller.signal)
      .catch((error: unknown) => this.onFault(error, externalId))
      .finally(() => {
        if (this.waiting.get(externalId)?.controller === controller) this.waiting.delete(externalId);
      });
    this.waiting.set(externalId, { controller, over });
  }

  private async openWhenFree(externalId: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      // Its keys may have changed in the meantime.
      const machine = await this.files.read(externalId);
      if (machine?.power !== 'running' || signal.aborted) return;
      try {
        await this.open(machine);
        return;
      } catch (error) {
        if (!isPortTaken(error)) throw error;
      }
    }
  }

  private async stopWaiting(externalId: string): Promise<void> {
    const waiting = this.waiting.get(externalId);
    waiting?.controller.abort();
    await waiting?.over;
  }
}

/** Has another program the port that the machine is reached at? */
export function isPortTaken(error: unknown): boolean {
  return error instanceof BackendError && error.failure.code === 'PORT_TAKEN';
}
