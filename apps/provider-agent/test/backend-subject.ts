import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backend, ProvisionedMachine, ProvisionOptions } from '../src/backends/backend.ts';
import type { BackendType } from '../src/backends/registry.ts';
import type { MachineMarks, MachineSpec } from '../src/domain/machine.ts';
import { newSshKey, type SshKey, ssh } from './ssh.ts';

export interface PlaceLimits {
  readonly maxMachines?: number;
  /** How many ports of the host, from the first one on. */
  readonly ports?: number;
}

/** Where the machines of one agent are: none in the beginning. */
export interface Place {
  readonly own: Pick<MachineMarks, 'environment' | 'agent'>;
  /** The first one that its machines take, when they take ports of this host. */
  readonly firstPort: number;
  /** A backend that has begun there. After the one before was closed it meets the same machines. */
  open(limits?: PlaceLimits): Promise<Backend>;
}

/** One kind of backend, and what its machines are like. */
export interface BackendSubject {
  readonly type: BackendType;
  newPlace(): Promise<Place>;
  /** Who signs in. */
  readonly user: string;
  /** How many machines are made at once. */
  readonly atOnce: number;
  /** Besides the keys: of a machine that is made fast. */
  readonly spec?: Partial<MachineSpec>;
}

/** A contract's marks at this place. */
export const marksAt = ({ own }: Pick<Place, 'own'>, generation = 1): MachineMarks => ({
  ...own,
  contractId: randomBytes(32).toString('hex'),
  generation,
});

/** What a backend is tried with: the keys of two people, and machines that are gone at the end. */
export class Trial {
  private readonly opened: Backend[] = [];

  private constructor(
    private readonly subject: BackendSubject,
    readonly folder: string,
    readonly tenant: SshKey,
    readonly other: SshKey,
  ) {}

  static async begin(subject: BackendSubject): Promise<Trial> {
    const folder = await mkdtemp(join(tmpdir(), `dc-${subject.type}-suite-`));
    const [tenant, other] = [await newSshKey(folder, 'tenant'), await newSshKey(folder, 'other')];
    return new Trial(subject, folder, tenant, other);
  }

  async end(): Promise<void> {
    for (const backend of this.opened) {
      for (const { externalId } of await backend.list()) await backend.terminate(externalId);
      await backend.close();
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  async open(place: Place, limits?: PlaceLimits): Promise<Backend> {
    const backend = await place.open(limits);
    this.opened.push(backend);
    return backend;
  }

  /** As when the agent ends and begins again. */
  async restart(backend: Backend, place: Place): Promise<Backend> {
    await backend.close();
    this.opened.splice(this.opened.indexOf(backend), 1);
    return this.open(place);
  }

  /** The tenant's, unless the spec has other keys. */
  provision(
    backend: Backend,
    marks: MachineMarks,
    spec: Partial<MachineSpec> = {},
    more: Partial<ProvisionOptions> = {},
  ): Promise<ProvisionedMachine> {
    return backend.provision({
      spec: { offeringId: 'small', sshPublicKeys: [this.tenant.publicKey], ...this.subject.spec, ...spec },
      marks,
      signal: AbortSignal.timeout(100_000),
      onStep: () => undefined,
      ...more,
    });
  }

  signIn({ instance: { sshPort: port } }: ProvisionedMachine, key: SshKey, command = 'true') {
    return ssh({ port, key, user: this.subject.user }, command);
  }

  /** The tenant, the other one. */
  async whoGetsIn(machine: ProvisionedMachine): Promise<boolean[]> {
    const answers = await Promise.all([this.tenant, this.other].map((key) => this.signIn(machine, key)));
    return answers.map(({ code }) => code === 0);
  }
}
