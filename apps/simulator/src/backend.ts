import type { FailureClass } from '@decent-cloud/messages/words';
import {
  BackendError,
  type ProvisionedMachine,
  type ProvisionOptions,
  type Backend as RealBackend,
} from '../../provider-agent/src/backends/backend.ts';
import type { MachineMarks } from '../../provider-agent/src/domain/machine.ts';
import { MINUTE, MS, type Node, SECOND } from './kernel.ts';
import type { Surroundings } from './service.ts';

const RESTARTS_APART = 10 * MINUTE;

export interface RealMachine {
  readonly externalId: string;
  readonly marks: MachineMarks;
  readonly power: 'running' | 'stopped';
}

export interface BackendMutations {
  /** Makes a machine without looking whether the contract has one. */
  readonly looksForNoMarks: boolean;
}

/** A provider's machines. They stay whatever becomes of the agent, and the backend keeps its own books of them. */
export class Backend implements RealBackend {
  readonly type = 'simulated';
  readonly machines = new Map<string, RealMachine>();
  /** Told before a machine goes. */
  onRemoved: (machine: RealMachine) => void = () => undefined;
  /** Contracts whose machines went without an order. */
  readonly lost = new Set<string>();
  made = 0;
  private mayRestartAt = 0;

  constructor(
    /** Whose calls end with a crash, at any point of what they do. */
    private readonly agent: Node,
    private readonly around: Surroundings,
    private readonly name: string,
    private readonly places: number,
    private readonly mutant: BackendMutations,
  ) {}

  async verify(): Promise<[]> {
    return [];
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async capacity(): Promise<number> {
    return this.places;
  }

  async find(contractId: string): Promise<RealMachine | undefined> {
    await this.sleep(MS, 20 * MS);
    this.mayRefuse('find');
    return this.of(contractId);
  }

  async list(): Promise<RealMachine[]> {
    const { kernel, faults } = this.around;
    await this.sleep(MS, 20 * MS);
    // An engine that has just been started again; one that is seen like that for long has lost its machines.
    const mayRestart = this.machines.size > 0 && kernel.now >= this.mayRestartAt;
    if (mayRestart && faults.hits('list-empty', this.name)) {
      this.mayRestartAt = kernel.now + RESTARTS_APART;
      return [];
    }
    return [...this.machines.values()];
  }

  async provision({ marks, onStep }: ProvisionOptions): Promise<ProvisionedMachine> {
    const { kernel, faults, recorder } = this.around;
    if (kernel.random.chance(0.3)) onStep('create');
    const isSlow = faults.hits('backend-slow', this.name);
    await (isSlow ? this.sleep(20 * SECOND, 3 * MINUTE) : this.sleep(500 * MS, 15 * SECOND));
    this.mayRefuse('provision');
    const known = this.mutant.looksForNoMarks ? undefined : this.of(marks.contractId);
    if (known) recorder.seen('machine found by its marks');
    else if (this.machines.size >= this.places) throw failure('capacity', 'no place left');
    const externalId = known?.externalId ?? `${this.name}-${++this.made}`;
    this.machines.set(externalId, { externalId, marks, power: 'running' });
    await this.mayTimeOut('provision');
    await this.sleep(MS, 2 * SECOND);
    return this.describe(externalId);
  }

  async terminate(externalId: string): Promise<void> {
    await this.sleep(100 * MS, 3 * SECOND);
    this.mayRefuse('terminate');
    const machine = this.machines.get(externalId);
    if (machine) this.onRemoved(machine);
    this.machines.delete(externalId);
    await this.mayTimeOut('terminate');
    await this.sleep(MS, SECOND);
  }

  stop(externalId: string): Promise<void> {
    return this.setPower(externalId, 'stopped');
  }

  resume(externalId: string): Promise<void> {
    return this.setPower(externalId, 'running');
  }

  async describe(externalId: string): Promise<ProvisionedMachine> {
    const instance = { externalId, provisionerType: this.type, sshPort: 22, sshUser: 'root' };
    return { instance, credential: {} };
  }

  /** By hand, or by a disk that is gone. */
  lose(externalId: string): void {
    const machine = this.machines.get(externalId);
    if (machine) this.lost.add(machine.marks.contractId);
    this.machines.delete(externalId);
  }

  switchOff(externalId: string): void {
    this.switch(externalId, 'stopped');
  }

  private async setPower(externalId: string, power: RealMachine['power']): Promise<void> {
    await this.sleep(MS, SECOND);
    this.switch(externalId, power);
  }

  private switch(externalId: string, power: RealMachine['power']): void {
    const machine = this.machines.get(externalId);
    if (machine) this.machines.set(externalId, { ...machine, power });
  }

  private of(contractId: string): RealMachine | undefined {
    for (const machine of this.machines.values()) if (machine.marks.contractId === contractId) return machine;
    return undefined;
  }

  private mayRefuse(doing: string): void {
    const { faults, kernel } = this.around;
    if (!faults.hits('backend-refuses', `${this.name} ${doing}`)) return;
    const isPermanent = doing === 'provision' && kernel.random.chance(0.15);
    const failureClass = isPermanent ? kernel.random.pick(['config', 'permanent'] as const) : 'transient';
    throw failure(failureClass, `${doing} refused`);
  }

  private async mayTimeOut(doing: string): Promise<void> {
    if (!this.around.faults.hits('backend-times-out-after-effect', `${this.name} ${doing}`)) return;
    await this.sleep(30 * SECOND, 30 * SECOND);
    throw failure('transient', 'no answer');
  }

  private sleep(fromUs: number, toUs: number): Promise<void> {
    const { kernel } = this.around;
    return kernel.sleep(this.agent, kernel.random.int(fromUs, toUs));
  }
}

const failure = (failureClass: FailureClass, message: string) =>
  new BackendError({ class: failureClass, code: 'BACKEND_FAULT', message });
