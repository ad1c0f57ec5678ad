import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backend, ProvisionedMachine, ProvisionOptions } from '../src/backends/backend.ts';
import { LocalBackend } from '../src/backends/local/local-backend.ts';
import type { LocalBackendOptions } from '../src/backends/local/options.ts';
import type { MachineMarks, MachineSpec } from '../src/domain/machine.ts';
import { marksAt } from './backend-subject.ts';
import { FIRST_PORT } from './ports.ts';
import { newSshKey, type SshKey } from './ssh.ts';

/** Of each folder of machines, one after the other. */
export const PORTS_EACH = 20;
export const OWN = { environment: 'test', agent: '0123456789abcdef' };

export const marks = (generation = 1): MachineMarks => marksAt({ own: OWN }, generation);

/** Backends of this spec, each in a folder and on ports of its own, and who signs in to their machines. */
export class LocalMachines {
  readonly faults: unknown[] = [];
  private nextPort = FIRST_PORT;
  private readonly ports = new Map<string, number>();

  private constructor(
    readonly folder: string,
    readonly tenant: SshKey,
    readonly stranger: SshKey,
  ) {}

  static async begin(): Promise<LocalMachines> {
    const folder = await mkdtemp(join(tmpdir(), 'dc-local-'));
    const [tenant, stranger] = [await newSshKey(folder, 'tenant'), await newSshKey(folder, 'stranger')];
    return new LocalMachines(folder, tenant, stranger);
  }

  /** @throws when a machine had a fault that no test has looked for */
  async end(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
    expect(this.faults).toEqual([]);
  }

  /** Where the ports of this folder begin. */
  firstPort(name: string): number {
    const port = this.ports.get(name) ?? this.nextPort;
    if (!this.ports.has(name)) this.nextPort += PORTS_EACH;
    this.ports.set(name, port);
    return port;
  }

  /** A port that no machine has. */
  get sparePort(): number {
    return this.nextPort + 500;
  }

  /** A second one of the same name finds the machines of the first. */
  async start(name: string, changes: Partial<LocalBackendOptions> = {}): Promise<LocalBackend> {
    const portRangeStart = this.firstPort(name);
    const backend = new LocalBackend({
      folder: join(this.folder, name),
      portRangeStart,
      portRangeEnd: portRangeStart + PORTS_EACH - 1,
      maxMachines: 10,
      onFault: (error) => void this.faults.push(error),
      ...changes,
    });
    await backend.start();
    return backend;
  }

  /** The tenant's, unless the spec has other keys. */
  provision(
    backend: Backend,
    own: MachineMarks = marks(),
    spec: Partial<MachineSpec> = {},
    onStep: ProvisionOptions['onStep'] = () => undefined,
  ): Promise<ProvisionedMachine> {
    return backend.provision({
      spec: { offeringId: 'o', sshPublicKeys: [this.tenant.publicKey], ...spec },
      marks: own,
      signal: new AbortController().signal,
      onStep,
    });
  }
}
