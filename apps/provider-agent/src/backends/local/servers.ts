import { BackendError } from '../backend.ts';
import type { LocalMachine, MachineFiles } from './machine-files.ts';
import { killAll, MACHINE_MARK } from './processes.ts';
import { SshServer } from './ssh-server.ts';

/** The SSH servers of the machines that run. */
export class LocalServers {
  private readonly servers = new Map<string, SshServer>();

  constructor(
    private readonly files: MachineFiles,
    private readonly onFault: (error: unknown, what: string) => void,
  ) {}

  has(externalId: string): boolean {
    return this.servers.has(externalId);
  }

  /** Lets the machine's keys and password in, and no others. @throws BackendError when another program has its port */
  async serve(machine: LocalMachine): Promise<void> {
    const { externalId } = machine;
    if (this.has(externalId)) {
      this.allow(machine);
      return;
    }
    try {
      const server = await SshServer.open({
        externalId,
        hostKey: await this.files.hostKey(externalId),
        port: machine.port,
        home: this.files.homeOf(externalId),
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
          message: `port ${machine.port} cannot be opened`,
          resourcesLeft: [{ kind: 'local-machine', id: externalId }],
        },
        { cause: error },
      );
    }
  }

  /** For new connections, if it is served. */
  allow({ externalId, sshPublicKeys, password }: LocalMachine): void {
    this.servers.get(externalId)?.allow(sshPublicKeys, password);
  }

  /** Nobody gets in any more, and nothing of the machine runs. */
  async end(externalId: string): Promise<void> {
    const server = this.servers.get(externalId);
    this.servers.delete(externalId);
    await server?.close();
    await killAll({
      mark: { name: MACHINE_MARK, value: externalId },
      folder: this.files.homeOf(externalId),
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.close()));
    this.servers.clear();
  }
}
