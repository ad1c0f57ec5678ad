import { access, constants } from 'node:fs/promises';
import { createServer } from 'node:net';
import type {
  Backend,
  FoundMachine,
  MachineMarks,
  ProvisionedMachine,
  ProvisionOptions,
  VerifyFinding,
} from '../backend.ts';
import { BackendError } from '../backend.ts';
import { fingerprintOf, type LocalMachine, MachineFiles } from './machine-files.ts';
import { killAll, MACHINE_MARK } from './processes.ts';
import { HOST, LOGIN_USER, SshServer, usableKeys } from './ssh-server.ts';
import { canMakeTerminals } from './terminal.ts';

export interface LocalBackendOptions {
  readonly folder: string;
  readonly portRangeStart: number;
  readonly portRangeEnd: number;
  readonly maxMachines: number;
  readonly onFault: (error: unknown, what: string) => void;
}

/**
 * Machines for trying out: an SSH server on the loopback address and a throw-away home for each contract. There is no
 * isolation: whoever signs in acts as the user that runs the agent.
 */
export class LocalBackend implements Backend {
  readonly type = 'local';
  private readonly options: LocalBackendOptions;
  private readonly files: MachineFiles;
  private readonly servers = new Map<string, SshServer>();
  /** Ports between their choice and their use. */
  private readonly reserved = new Set<number>();

  constructor(options: LocalBackendOptions) {
    this.options = options;
    this.files = new MachineFiles(options.folder);
  }

  async verify(): Promise<VerifyFinding[]> {
    const { portRangeStart, portRangeEnd, maxMachines } = this.options;
    const free = await this.freePort(await this.files.list()).catch(() => undefined);
    if (free !== undefined) this.reserved.delete(free);
    const writable = await access(this.options.folder, constants.W_OK).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
    );
    const terminals = await canMakeTerminals();
    return [
      {
        id: 'isolation',
        status: 'warn',
        detail: `local machines are folders on this host without isolation, on ${HOST} only: for trying out`,
      },
      {
        id: 'folder',
        status: writable ? 'ok' : 'fail',
        detail: this.options.folder,
        ...(!writable && { fix: 'let the user that runs the agent write there' }),
      },
      {
        id: 'ports',
        status: free === undefined ? 'fail' : 'ok',
        detail: `${portRangeStart} to ${portRangeEnd}, at most ${maxMachines} machines`,
        ...(free === undefined && { fix: 'set port_range_start and port_range_end in [provisioner.local]' }),
      },
      {
        id: 'terminals',
        status: terminals ? 'ok' : 'warn',
        detail: terminals ? 'script of util-linux' : 'interactive shells have no terminal',
        ...(!terminals && { fix: 'install util-linux' }),
      },
    ];
  }

  async start(): Promise<void> {
    await this.files.open();
    for (const machine of await this.files.list()) {
      if (machine.power !== 'running') continue;
      try {
        await this.serve(machine);
      } catch (error) {
        this.options.onFault(error, `${machine.externalId} is not served on port ${machine.port}`);
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.close()));
    this.servers.clear();
  }

  async provision({ spec, marks, signal, onStep }: ProvisionOptions): Promise<ProvisionedMachine> {
    if (usableKeys(spec.sshPublicKeys).length === 0) {
      throw new BackendError({
        class: 'config',
        code: 'SSH_KEY_UNUSABLE',
        message: 'none of the SSH keys can be used on this machine',
      });
    }
    onStep('find');
    const machines = await this.files.list();
    const known = machines.find((machine) => machine.contractId === marks.contractId);
    if (known) {
      if (known.generation > marks.generation) throw superseded(known);
      const renewed: LocalMachine = {
        ...known,
        ...marks,
        power: 'running',
        sshPublicKeys: spec.sshPublicKeys,
      };
      await this.files.save(renewed);
      await this.serve(renewed);
      return this.describe(renewed);
    }
    const { maxMachines } = this.options;
    const ports = new Set([...machines.map((machine) => machine.port), ...this.reserved]);
    if (ports.size >= maxMachines) {
      throw new BackendError({
        class: 'capacity',
        code: 'NO_FREE_SLOT',
        message: `all ${maxMachines} machines are in use`,
      });
    }
    signal.throwIfAborted();
    onStep('create');
    const port = await this.freePort(machines);
    try {
      const machine = await this.files.create(marks, port, spec.sshPublicKeys);
      onStep('serve');
      await this.serve(machine);
      signal.throwIfAborted();
      return await this.describe(machine);
    } finally {
      this.reserved.delete(port);
    }
  }

  async terminate(externalId: string): Promise<void> {
    await this.outOfService(externalId);
    await this.files.remove(externalId);
    if (await this.files.read(externalId)) {
      throw new BackendError({
        class: 'transient',
        code: 'STILL_THERE',
        message: 'the machine is still there',
        resourcesLeft: [{ kind: 'local-machine', id: externalId }],
      });
    }
  }

  async stop(externalId: string): Promise<void> {
    const machine = await this.mustRead(externalId);
    await this.files.save({ ...machine, power: 'stopped' });
    await this.outOfService(externalId);
  }

  async resume(externalId: string): Promise<void> {
    const machine = { ...(await this.mustRead(externalId)), power: 'running' as const };
    await this.files.save(machine);
    await this.serve(machine);
  }

  async find(contractId: string): Promise<FoundMachine | undefined> {
    return (await this.list()).find((machine) => machine.marks?.contractId === contractId);
  }

  async list(): Promise<FoundMachine[]> {
    return (await this.files.list()).map((machine) => ({
      externalId: machine.externalId,
      marks: marksOf(machine),
      power:
        machine.power === 'stopped'
          ? 'stopped'
          : this.servers.has(machine.externalId)
            ? 'running'
            : 'unknown',
    }));
  }

  async capacity(): Promise<number> {
    return this.options.maxMachines;
  }

  private async mustRead(externalId: string): Promise<LocalMachine> {
    const machine = await this.files.read(externalId);
    if (machine) return machine;
    throw new BackendError({
      class: 'permanent',
      code: 'NO_SUCH_MACHINE',
      message: `no machine ${externalId}`,
    });
  }

  private async serve(machine: LocalMachine): Promise<void> {
    const { externalId } = machine;
    const running = this.servers.get(externalId);
    if (running) {
      running.allow(machine.sshPublicKeys);
      return;
    }
    try {
      const server = await SshServer.open({
        externalId,
        hostKey: await this.files.hostKey(externalId),
        port: machine.port,
        home: this.files.homeOf(externalId),
        allowedKeys: machine.sshPublicKeys,
        onFault: (error) => this.options.onFault(error, externalId),
      });
      this.servers.set(externalId, server);
    } catch (error) {
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

  private async outOfService(externalId: string): Promise<void> {
    const server = this.servers.get(externalId);
    this.servers.delete(externalId);
    await server?.close();
    await killAll({
      mark: { name: MACHINE_MARK, value: externalId },
      folder: this.files.homeOf(externalId),
    });
  }

  private async freePort(machines: readonly LocalMachine[]): Promise<number> {
    const { portRangeStart, portRangeEnd } = this.options;
    const taken = new Set(machines.map((machine) => machine.port));
    for (let port = portRangeStart; port <= portRangeEnd; port++) {
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

  private async describe(machine: LocalMachine): Promise<ProvisionedMachine> {
    const sshHostKey = await this.files.hostPublicKey(machine.externalId);
    return {
      instance: {
        externalId: machine.externalId,
        provisionerType: this.type,
        publicIp: HOST,
        ipAddress: HOST,
        sshPort: machine.port,
        sshUser: LOGIN_USER,
        sshHostKey,
        additionalDetails: 'A machine for trying out, without isolation, reachable from its own host only.',
      },
      credential: {
        user: LOGIN_USER,
        host: HOST,
        port: machine.port,
        hostKeyFingerprint: fingerprintOf(sshHostKey),
      },
    };
  }
}

function marksOf({ contractId, generation, environment, agent }: LocalMachine): MachineMarks {
  return { contractId, generation, environment, agent };
}

function superseded(known: LocalMachine): BackendError {
  return new BackendError({
    class: 'permanent',
    code: 'SUPERSEDED',
    message: `the machine is already of generation ${known.generation}`,
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, HOST, () => probe.close(() => resolve(true)));
  });
}
