import { mayTouch } from '../../domain/decide.ts';
import type { FoundMachine } from '../../domain/machine.ts';
import type { Backend, ProvisionedMachine, ProvisionOptions, VerifyFinding } from '../backend.ts';
import { BackendError } from '../backend.ts';
import { fingerprintOf } from '../host-key.ts';
import type { LocalMachine } from './local-machine.stored.ts';
import { isMachineId, MachineFiles, marksOf, stillThere } from './machine-files.ts';
import type { LocalBackendOptions } from './options.ts';
import { hashPassword } from './password.ts';
import { LocalPorts } from './ports.ts';
import { MACHINE_MARK } from './processes.ts';
import { runLocalScript } from './script.ts';
import { isPortTaken, LocalServers } from './servers.ts';
import { PATH } from './session.ts';
import { HOST, LOGIN_USER, usableKeys } from './ssh-server.ts';
import { verifyHost } from './verify.ts';

const SCRIPT_MS = 300_000;
const MOST_PORTS = 5;

/**
 * Machines for trying out: an SSH server on the loopback address and a throw-away home for each contract. There is no
 * isolation: whoever signs in acts as the user that runs the agent.
 */
export class LocalBackend implements Backend {
  readonly type = 'local';
  private readonly options: LocalBackendOptions;
  private readonly files: MachineFiles;
  private readonly servers: LocalServers;
  private readonly ports: LocalPorts;
  private clearing: Promise<void> = Promise.resolve();

  constructor(options: LocalBackendOptions) {
    this.options = options;
    this.files = new MachineFiles(options.folder);
    this.ports = new LocalPorts(options);
    this.servers = new LocalServers(
      this.files,
      { from: options.portRangeStart, to: options.portRangeEnd },
      options.onFault,
    );
  }

  verify(): Promise<VerifyFinding[]> {
    return verifyHost(this.options, this.files, this.ports);
  }

  async start(): Promise<void> {
    await this.files.open();
    this.clearing = this.clear();
    for (const machine of await this.files.list()) {
      if (machine.power !== 'running') continue;
      try {
        await this.servers.serve(machine);
      } catch (error) {
        this.options.onFault(error, `${machine.externalId} is not served on port ${machine.port}`);
      }
    }
  }

  async close(): Promise<void> {
    await this.servers.close();
    await this.clearing;
  }

  /** Not waited for: nothing that whoever signed in has left behind holds up the others. */
  private async clear(): Promise<void> {
    try {
      for (const { externalId, why } of await this.files.clear()) {
        this.options.onFault(new Error(why), `remains of ${externalId}`);
      }
    } catch (error) {
      this.options.onFault(error, 'remains of machines');
    }
  }

  async provision(order: ProvisionOptions): Promise<ProvisionedMachine> {
    const { spec, marks, signal, onStep } = order;
    mustBeUsable(spec.sshPublicKeys);
    onStep('find');
    const machines = await this.files.list();
    const known = machines.find((machine) => machine.contractId === marks.contractId);
    if (known) {
      const verdict = mayTouch(known, marks);
      if (verdict !== 'yes') throw notItsMachine(verdict, known);
      const renewed: LocalMachine = {
        ...known,
        ...marks,
        power: 'running',
        sshPublicKeys: spec.sshPublicKeys,
        cpuCores: spec.cpuCores,
      };
      await this.files.save(renewed);
      await this.servers.serve(renewed);
      return this.withScript(renewed, order);
    }
    const { maxMachines } = this.options;
    const ports = new Set([...machines.map((machine) => machine.port), ...this.ports.reserved]);
    if (ports.size >= maxMachines) {
      throw new BackendError({
        class: 'capacity',
        code: 'NO_FREE_SLOT',
        message: `all ${maxMachines} machines are in use`,
      });
    }
    signal.throwIfAborted();
    onStep('create');
    const port = await this.ports.take(machines, order.ports);
    try {
      const created = await this.files.create(marks, port, spec.sshPublicKeys, spec.cpuCores);
      onStep('serve');
      const machine = await this.serveFirst(created, machines, order.ports);
      signal.throwIfAborted();
      return await this.withScript(machine, order);
    } finally {
      this.ports.giveBack(port);
    }
  }

  /** Nobody knows its port yet: when another program was faster, it gets another one. */
  private async serveFirst(
    created: LocalMachine,
    others: readonly LocalMachine[],
    wishes: ProvisionOptions['ports'],
  ): Promise<LocalMachine> {
    const reserved: number[] = [];
    try {
      for (let machine = created, ports = 1; ; ports++) {
        try {
          await this.servers.serve(machine);
          return machine;
        } catch (error) {
          if (!isPortTaken(error) || ports === MOST_PORTS) throw error;
          const port = await this.ports.take([...others, machine], wishes);
          reserved.push(port);
          machine = { ...machine, port };
          await this.files.save(machine);
        }
      }
    } finally {
      for (const port of reserved) this.ports.giveBack(port);
    }
  }

  async terminate(externalId: string): Promise<void> {
    if (isMachineId(externalId)) await this.servers.end(externalId);
    const refused = await this.files.remove(externalId);
    if (refused) throw stillThere(externalId, `not all of it can be removed: ${refused.first}`);
  }

  async stop(externalId: string): Promise<void> {
    const machine = await this.mustRead(externalId);
    await this.files.save({ ...machine, power: 'stopped' });
    await this.servers.end(externalId);
  }

  async resume(externalId: string): Promise<void> {
    const machine = { ...(await this.mustRead(externalId)), power: 'running' as const };
    await this.files.save(machine);
    await this.servers.serve(machine);
  }

  async find(contractId: string): Promise<FoundMachine | undefined> {
    const ofContract = (await this.list()).filter(({ marks }) => marks?.contractId === contractId);
    return ofContract.find(({ left }) => left === undefined) ?? ofContract[0];
  }

  async list(): Promise<FoundMachine[]> {
    const { machines, remains } = await this.files.look();
    return [
      ...machines.map((machine) => ({
        externalId: machine.externalId,
        marks: marksOf(machine),
        power: this.powerOf(machine),
      })),
      ...remains.map(({ why, ...found }) => ({ ...found, power: 'unknown' as const, left: why })),
    ];
  }

  private powerOf({ externalId, power }: LocalMachine): FoundMachine['power'] {
    if (power === 'stopped') return 'stopped';
    return this.servers.has(externalId) ? 'running' : 'unknown';
  }

  async capacity(): Promise<number> {
    return this.options.maxMachines;
  }

  async describe(externalId: string): Promise<ProvisionedMachine> {
    return this.described(await this.mustRead(externalId));
  }

  async setAuthorizedKeys(externalId: string, sshPublicKeys: readonly string[]): Promise<void> {
    mustBeUsable(sshPublicKeys);
    await this.change(externalId, { sshPublicKeys: [...sshPublicKeys] });
  }

  async setPassword(externalId: string, password: string): Promise<void> {
    await this.change(externalId, { password: await hashPassword(password) });
  }

  private async change(
    externalId: string,
    changes: Partial<Pick<LocalMachine, 'sshPublicKeys' | 'password'>>,
  ): Promise<void> {
    const machine = { ...(await this.mustRead(externalId)), ...changes };
    await this.files.save(machine);
    this.servers.allow(machine);
  }

  private async withScript(
    machine: LocalMachine,
    { spec, marks, signal, onStep }: ProvisionOptions,
  ): Promise<ProvisionedMachine> {
    const { externalId } = machine;
    const made = await this.described(machine);
    if (!spec.postProvisionScript) return made;
    onStep('script');
    const home = this.files.homeOf(externalId);
    const script = await runLocalScript({
      script: spec.postProvisionScript,
      externalId,
      cpuCores: machine.cpuCores,
      folder: this.files.folderOf(externalId),
      home,
      session: `script-${externalId}`,
      env: {
        PATH,
        HOME: home,
        PWD: home,
        USER: LOGIN_USER,
        LOGNAME: LOGIN_USER,
        [MACHINE_MARK]: externalId,
        DC_CONTRACT_ID: marks.contractId,
        DC_OFFERING_ID: spec.offeringId,
        DC_PUBLIC_IP: HOST,
      },
      limitMs: SCRIPT_MS,
      signal,
    });
    return { ...made, ...(script && { script }) };
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

  private async described(machine: LocalMachine): Promise<ProvisionedMachine> {
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

function mustBeUsable(sshPublicKeys: readonly string[]): void {
  if (usableKeys(sshPublicKeys).length > 0) return;
  throw new BackendError({
    class: 'config',
    code: 'SSH_KEY_UNUSABLE',
    message: 'none of the SSH keys can be used on this machine',
  });
}

function notItsMachine(verdict: 'newer' | 'foreign', known: LocalMachine): BackendError {
  const isNewer = verdict === 'newer';
  return new BackendError({
    class: 'permanent',
    code: isNewer ? 'SUPERSEDED' : 'FOREIGN_MACHINE',
    message: isNewer
      ? `the machine is already of generation ${known.generation}`
      : `the machine ${known.externalId} is of another agent or environment`,
  });
}
