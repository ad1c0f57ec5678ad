import type { Faults } from './faults.ts';
import { type Kernel, MINUTE, MS, type Process, SECOND } from './kernel.ts';

const RESTARTS_APART = 10 * MINUTE;

export interface Marks {
  readonly contractId: string;
  readonly generation: number;
  readonly environment: string;
  readonly agent: string;
}
export interface RealMachine {
  readonly externalId: string;
  readonly marks: Marks;
  readonly power: 'running' | 'stopped';
}

/** A machine that could not be made or removed, as backends tell it. */
export class BackendFault extends Error {
  override readonly name = 'BackendFault';
  constructor(
    readonly failureClass: 'transient' | 'capacity' | 'config' | 'permanent',
    message: string,
  ) {
    super(message);
  }
}

export interface BackendMutations {
  /** Makes a machine without looking whether the contract has one. */
  readonly looksForNoMarks: boolean;
}

/** A provider's machines. They stay whatever becomes of the agent, and the backend keeps its own books of them. */
export class Backend {
  readonly machines = new Map<string, RealMachine>();
  /** Told before a machine goes. */
  onRemoved: (machine: RealMachine) => void = () => undefined;
  /** Contracts whose machines went without an order. */
  readonly lost = new Set<string>();
  made = 0;
  private mayRestartAt = 0;

  constructor(
    private readonly kernel: Kernel,
    private readonly faults: Faults,
    private readonly name: string,
    readonly capacity: number,
    private readonly mutant: BackendMutations,
  ) {}

  *find(contractId: string): Process<RealMachine | undefined> {
    yield this.kernel.random.int(MS, 20 * MS);
    this.mayRefuse('find');
    return this.of(contractId);
  }

  /** The same without a fault. */
  *look(contractId: string): Process<RealMachine | undefined> {
    yield this.kernel.random.int(MS, 20 * MS);
    return this.of(contractId);
  }

  *list(): Process<RealMachine[]> {
    yield this.kernel.random.int(MS, 20 * MS);
    // An engine that has just been started again; one that is seen like that for long has lost its machines.
    if (
      this.machines.size > 0 &&
      this.kernel.now >= this.mayRestartAt &&
      this.faults.hits('list-empty', this.name)
    ) {
      this.mayRestartAt = this.kernel.now + RESTARTS_APART;
      return [];
    }
    return [...this.machines.values()];
  }

  /** Creates the contract's machine, or finds it and puts the newer marks on it. */
  *provision(marks: Marks): Process<RealMachine> {
    const { random } = this.kernel;
    const isSlow = this.faults.hits('backend-slow', this.name);
    yield isSlow ? random.int(20 * SECOND, 3 * MINUTE) : random.int(500 * MS, 15 * SECOND);
    this.mayRefuse('provision');
    const known = this.mutant.looksForNoMarks ? undefined : this.of(marks.contractId);
    if (!known && this.machines.size >= this.capacity) throw new BackendFault('capacity', 'no place left');
    const machine: RealMachine = known
      ? { ...known, marks, power: 'running' }
      : { externalId: `${this.name}-${++this.made}`, marks, power: 'running' };
    this.machines.set(machine.externalId, machine);
    if (this.faults.hits('backend-times-out-after-effect', `${this.name} provision`)) {
      yield 30 * SECOND;
      throw new BackendFault('transient', 'no answer');
    }
    yield random.int(MS, 2 * SECOND);
    return machine;
  }

  /** Returns when the machine is gone; one that is not there is gone. */
  *terminate(externalId: string): Process {
    const { random } = this.kernel;
    yield random.int(100 * MS, 3 * SECOND);
    this.mayRefuse('terminate');
    const machine = this.machines.get(externalId);
    if (machine) this.onRemoved(machine);
    this.machines.delete(externalId);
    if (this.faults.hits('backend-times-out-after-effect', `${this.name} terminate`)) {
      yield 30 * SECOND;
      throw new BackendFault('transient', 'no answer');
    }
    yield random.int(MS, SECOND);
  }

  *setPower(externalId: string, power: RealMachine['power']): Process {
    yield this.kernel.random.int(MS, SECOND);
    const machine = this.machines.get(externalId);
    if (machine) this.machines.set(externalId, { ...machine, power });
  }

  /** By hand, or by a disk that is gone. */
  lose(externalId: string): void {
    const machine = this.machines.get(externalId);
    if (machine) this.lost.add(machine.marks.contractId);
    this.machines.delete(externalId);
  }

  switchOff(externalId: string): void {
    const machine = this.machines.get(externalId);
    if (machine) this.machines.set(externalId, { ...machine, power: 'stopped' });
  }

  private of(contractId: string): RealMachine | undefined {
    for (const machine of this.machines.values()) if (machine.marks.contractId === contractId) return machine;
    return undefined;
  }

  private mayRefuse(doing: string): void {
    if (!this.faults.hits('backend-refuses', `${this.name} ${doing}`)) return;
    const { random } = this.kernel;
    const permanent = doing === 'provision' && random.chance(0.15);
    const failureClass = permanent ? random.pick(['config', 'permanent'] as const) : 'transient';
    throw new BackendFault(failureClass, `${doing} refused`);
  }
}
